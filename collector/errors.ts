/** The sender's fault and permanent: answered 4xx, counted, never retried. */
export class BadData extends Error {
  override readonly name = 'BadData'
}

/** Nobody's fault and passing: answered 503 with `Retry-After`, safe to send again. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
}
