import type { Pool } from 'pg'
import type { GroupRequest } from '../../collector/store/group'
import {
  type ErrorOccurrence,
  type ErrorThrow,
  SEVERITY,
} from '../../collector/translate/error-throw'
import type { DictionaryRow } from '../../collector/translate/rows'
import { NOON_MICROS, requestOf, uuidOf } from '../helpers/rows'

export const NOON_NS = NOON_MICROS * 1_000n
export const MINUTE_NS = 60_000_000_000n

const OCCURRENCE: ErrorOccurrence = {
  source: 'exception_event',
  traceId: '0a'.repeat(16),
  spanId: '00000000000000ff',
  isIncomplete: false,
  class: 'TypeError',
  code: null,
  message: 'x is not a function',
  stackTrace: 'TypeError: x is not a function\n    at f (/srv/a.js:1:2)',
  userId: 'u1',
  correlationId: null,
  requestId: null,
  httpMethod: 'GET',
  httpPath: '/cart',
  exceptions: [
    {
      class: 'TypeError',
      code: null,
      message: 'x is not a function',
      frames: [{ path: 'a.js', function: 'f', line: 1, column: 2, isInApp: true }],
    },
  ],
  attributesJson: '{"http.route": "/cart"}',
}

/** A throw by hand: of this trace, and this fault in it. */
export function throwOf(
  trace: string,
  fault = 'fault',
  {
    occurrence = {},
    ...fields
  }: Partial<Omit<ErrorThrow, 'occurrence'>> & {
    occurrence?: Partial<ErrorOccurrence> | null
  } = {},
): ErrorThrow {
  const timeNs = fields.timeNs ?? NOON_NS
  return {
    scope: uuidOf(trace),
    innermost: uuidOf(`innermost ${fault}`),
    hash: uuidOf(fault),
    serviceId: '7',
    operationId: '8',
    resourceId: '9',
    release: '1.0.0',
    severity: SEVERITY.error,
    isHandled: false,
    minute: Number(timeNs / MINUTE_NS),
    userHash: null,
    ...fields,
    timeNs,
    occurrence: occurrence === null ? null : { ...OCCURRENCE, ...occurrence },
  }
}

/** The dictionary row of a hash. */
export function errorHash(fault: string, name = 'TypeError'): DictionaryRow {
  const id = uuidOf(fault)
  const service = ['', '', 'shop']
  const what = ['exception', name, null, 'x is not a function', 'f in a.js', 'lib', 'GET /']
  const values = [id, id, 'fp/1', ...service, ...what, '[]', '{}']
  return { dictionary: 'error_group_hash', id, values }
}

/** A request of one span that tells of these throws. */
export function requestWith(seed: string, throws: readonly ErrorThrow[]): GroupRequest {
  const request = requestOf(seed, 1)
  return { ...request, translated: { ...request.translated, throws } }
}

/** What is counted, by fault, and how many occurrences are kept. */
export async function readErrors(pool: Pool) {
  const { rows } = await pool.query<{
    hash: string
    throws: number
    severe: number
    unhandled: number
    occurrences: number
    seen: number
  }>(
    `select error_hash as hash, sum(occurrence_count)::int as throws, sum(severe_count)::int as severe,
       sum(unhandled_count)::int as unhandled,
       (select count(*)::int from sidelight.error_occurrence o where o.error_hash = r.error_hash) as occurrences,
       (select count(*)::int from sidelight.error_seen s where s.error_hash = r.error_hash) as seen
     from sidelight.error_rollup r where level in (0, 1) group by error_hash order by error_hash`,
  )
  return rows
}

/** One fault's figures as `readErrors` tells them. */
export function figures(fault: string, throws: number, fields: object = {}) {
  return {
    hash: uuidOf(fault),
    throws,
    severe: throws,
    unhandled: throws,
    occurrences: throws,
    seen: throws,
    ...fields,
  }
}
