import { pino } from 'pino'
import t from 'tap'
import { BadData, Unavailable } from '../../collector/errors'
import { ResponseTooLarge } from '../../collector/otlp/response'
import { Refusal, type RefusalKind, REFUSALS, refusalOf } from '../../collector/receiver/refusal'

/** The OTLP specification, Retryable Response Codes. */
const RETRYABLE_STATUSES = [429, 502, 503, 504]
/** The OTLP specification, Failures: cancelled, deadline exceeded, aborted, out of range, unavailable, data loss. */
const RETRYABLE_CODES = [1, 4, 10, 11, 14, 15]

const log = pino({ level: 'silent' })

t.test('otlp 22, 41, 42: every refusal is retryable at both doors or at none', (t) => {
  for (const kind of Object.keys(REFUSALS) as RefusalKind[]) {
    const { httpStatus, status, grpcStatus } = new Refusal(kind, 'why')
    const isRetryable = RETRYABLE_STATUSES.includes(httpStatus)
    t.equal(RETRYABLE_CODES.includes(status.code), isRetryable, `${kind} over HTTP`)
    t.equal(RETRYABLE_CODES.includes(grpcStatus.code), isRetryable, `${kind} over gRPC`)
  }
  t.end()
})

t.test('otlp 36, 39, 40: an error has one meaning at both doors', (t) => {
  const cases = [
    { error: new BadData('why'), httpStatus: 400, grpc: 3 },
    { error: new Unavailable('why'), httpStatus: 503, grpc: 14, retryInfoSeconds: 1 },
    { error: new ResponseTooLarge('why'), httpStatus: 500, grpc: 8 },
    { error: new TypeError('secret'), httpStatus: 500, grpc: 13 },
    { error: new Refusal('tooLarge', 'why'), httpStatus: 413, grpc: 8 },
  ]
  for (const { error, httpStatus, grpc, retryInfoSeconds } of cases) {
    const refusal = refusalOf(error, log)
    t.equal(refusal.httpStatus, httpStatus)
    t.equal(refusal.grpcStatus.code, grpc)
    // RESOURCE_EXHAUSTED with a RetryInfo would be retryable.
    t.equal(refusal.status.retryInfoSeconds, retryInfoSeconds)
    t.notMatch(refusal.message, /secret/)
  }
  t.end()
})
