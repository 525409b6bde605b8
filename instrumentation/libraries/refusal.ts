/**
 * Whether an error is an answer below 500 the way libraries of HTTP errors say it, which frameworks then give: not found,
 * not allowed, not valid. Nothing failed there, so it is no exception of the request.
 */
export function isRefusal(thrown: unknown): boolean {
  if (typeof thrown !== 'object' || thrown === null) return false
  const { status, statusCode } = thrown as { status?: unknown; statusCode?: unknown }
  return isBelow500(typeof status === 'number' ? status : statusCode)
}

/** Whether a status says that the request is at fault. */
export function isBelow500(status: unknown): boolean {
  return typeof status === 'number' && status >= 400 && status < 500
}
