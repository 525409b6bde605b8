import { VARIABLES } from './connection'
import { SidelightError } from './error'
import type { Problem } from './openapi'

const SECOND_MS = 1000

const WHERE = `${VARIABLES.url} or url`
const IS_IT = `is ${WHERE} the API of a collector, which is at port 4319 unless configured, and is it of this version?`
const [TOKEN, ADMIN_TOKEN] = VARIABLES.tokens

/** An answer that is none of a collector. */
export class NotOurs extends Error {}

/** What a failure to be answered is told as, and whether the connection broke, which may happen once. */
export interface Failure {
  readonly error: SidelightError
  readonly isBroken: boolean
}

/** Says what an answer without success is about. */
export async function describeRefusal(
  method: string,
  url: string,
  response: Response,
): Promise<SidelightError> {
  const { status, statusText, headers } = response
  const problem = await readProblem(response)
  const retryAfterMs = parseRetryAfter(headers.get('retry-after'))
  return new SidelightError({
    method,
    url,
    status,
    title: problem?.title ?? (statusText || 'No Success'),
    detail: problem?.detail ?? 'the answer is not one of a collector.',
    advice: adviceFor(status, problem, { retryAfterMs, location: headers.get('location') }),
    retryAfterMs,
    faults: problem?.errors,
  })
}

/** Says why there is no answer. */
export function describeFailure(
  error: unknown,
  {
    method,
    url,
    timeoutMs,
    deadline,
  }: { method: string; url: string; timeoutMs: number; deadline: AbortSignal },
): Failure {
  if (error instanceof SidelightError) return { error, isBroken: false }
  const tell = (detail: string, advice: string): SidelightError =>
    new SidelightError({ method, url, title: 'No Answer', detail, advice }, { cause: error })
  if (deadline.aborted) {
    const advice = 'ask for a shorter window or less, or give more timeoutMs'
    return { error: tell(`there was no answer within ${timeoutMs} ms`, advice), isBroken: false }
  }
  if (error instanceof NotOurs) return { error: tell(error.message, IS_IT), isBroken: false }
  const { code, message } = causeOf(error)
  if (code === 'ECONNREFUSED') {
    const advice = `start the collector (npx sidelight start), or say where its API is with ${WHERE}`
    return { error: tell('nobody listens there', advice), isBroken: false }
  }
  const isBroken = BROKEN.has(code)
  const what = isBroken ? `the connection broke: ${message}` : message
  return { error: tell(what, `is ${WHERE} right, and does the collector run?`), isBroken }
}

const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

/** `fetch` says only that it failed; why, its cause says. */
function causeOf(error: unknown): { readonly code: string; readonly message: string } {
  let deepest = error
  while (deepest instanceof Error && deepest.cause instanceof Error) deepest = deepest.cause
  if (!(deepest instanceof Error)) return { code: '', message: String(error) }
  // Of several addresses that were tried in vain the first one counts.
  const first: unknown = deepest instanceof AggregateError ? deepest.errors[0] : deepest
  const { code = '', message } = first as NodeJS.ErrnoException
  return { code, message: message || code || 'it failed' }
}

/** The problem document of an answer; null of an answer that has none. */
async function readProblem(response: Response): Promise<Problem | null> {
  const text = await response.text()
  if (response.headers.get('content-type')?.startsWith('application/problem+json') !== true) {
    return null
  }
  try {
    const problem = JSON.parse(text) as Partial<Problem> | null
    return typeof problem?.title === 'string' && typeof problem.detail === 'string'
      ? (problem as Problem)
      : null
  } catch {
    return null
  }
}

function adviceFor(
  status: number,
  problem: Problem | null,
  { retryAfterMs, location }: { retryAfterMs: number | null; location: string | null },
): string | undefined {
  if (status === 401) {
    return `give token, or set ${VARIABLES.tokens.join(', ')}; a collector keeps one in .sidelight/admin-token`
  }
  if (status === 403) return `give one of scope admin as token, ${TOKEN} or ${ADMIN_TOKEN}`
  if (retryAfterMs !== null) return `try again in ${retryAfterMs / SECOND_MS} s`
  if (status >= 300 && status < 400) {
    return `it leads to ${originOf(location)}: set ${WHERE} to where the API is`
  }
  if (problem === null || problem.detail.startsWith('There is nothing at ')) return IS_IT
  if (status === 404) return 'it may not have arrived yet, be too old, or be of another tenant'
  return undefined
}

function originOf(location: string | null): string {
  return location !== null && URL.canParse(location) ? new URL(location).origin : 'another page'
}

/** Seconds, or a date. */
function parseRetryAfter(text: string | null): number | null {
  if (text === null || text === '') return null
  const ms = /^\d+$/.test(text) ? Number(text) * SECOND_MS : Date.parse(text) - Date.now()
  return Number.isNaN(ms) ? null : Math.max(0, ms)
}
