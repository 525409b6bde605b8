import type { Problem } from './openapi'

/**
 * A question that was not answered. `message` says what was asked, why there is no answer, and what to do about it. An abort
 * by a signal of yours is none: it rejects with the reason of the signal.
 *
 * @example
 * import { getErrorStats, SidelightError } from 'sidelight/client'
 *
 * try {
 *   const { occurrenceCount } = await getErrorStats({ since: '-3h', until: '-4h' })
 *   console.log(occurrenceCount)
 * } catch (error) {
 *   if (!(error instanceof SidelightError)) throw error
 *   console.log(error.status, error.faults[0]?.name) // prints 400 since
 * }
 */
export class SidelightError extends Error {
  override readonly name = 'SidelightError'
  /** The status of the answer; null where there was none: nobody listens, the time was over, the connection broke. */
  readonly status: number | null
  /** What `status` means in short, `Not Found`; without an answer `No Answer`. */
  readonly title: string
  /** What the collector said, or what happened on the way to it. */
  readonly detail: string
  /** What was asked, without any token. */
  readonly url: string
  /** How long to wait before asking again, as the collector said; null where it did not. */
  readonly retryAfterMs: number | null
  /** The parameters that were wrong, if any. */
  readonly faults: readonly Fault[]

  constructor(facts: Facts, options?: ErrorOptions) {
    const { method, url, status = null, title, detail, advice, retryAfterMs, faults } = facts
    const answer = status === null ? '' : `${status} ${title}: `
    const what = `cannot ${method} ${url}: ${answer}${detail}`
    super(advice === undefined ? what : `${what.replace(/[.;]$/, '')}; ${advice}`, options)
    this.status = status
    this.title = title
    this.detail = detail
    this.url = url
    this.retryAfterMs = retryAfterMs ?? null
    this.faults = faults ?? []
  }
}

/** A parameter, with what is wrong with it. */
export type Fault = NonNullable<Problem['errors']>[number]

/** What is known of a failure. */
export interface Facts {
  readonly method: string
  readonly url: string
  readonly status?: number
  readonly title: string
  readonly detail: string
  /** What to do. */
  readonly advice?: string | undefined
  readonly retryAfterMs?: number | null
  readonly faults?: readonly Fault[] | undefined
}
