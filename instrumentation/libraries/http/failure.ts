/** What kind of failure it is (`error.type`): the code of an error of Node, else its class. Never its message. */
export function errorTypeOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return typeof thrown
  const { code, name } = thrown as { readonly code?: unknown; readonly name?: unknown }
  if (typeof code === 'string' && code !== '') return code
  return typeof name === 'string' && name !== '' ? name : 'Error'
}

/** Never throws, whatever was thrown. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message
  return typeof thrown === 'object' ? Object.prototype.toString.call(thrown) : String(thrown)
}

/** Whether a client gave up on its request of its own will, which is no failure (semantic conventions, HTTP client). */
export function isAbort(thrown: unknown): boolean {
  return (thrown as { readonly name?: unknown } | null)?.name === 'AbortError'
}
