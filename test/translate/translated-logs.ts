import type { Translated } from '../../collector/translate/rows'
import { decodeRows } from '../helpers/copy-rows'
import type { Value } from '../helpers/otlp'
import { type LogRecordInput, logs, type LogsInput } from '../helpers/otlp-logs'
import { createLogTranslator, type TranslatorOptions } from '../helpers/translator'
import { type FullRow, withDictionary } from './expected-rows'

export const DAY_MS = 86_400_000
export const RECEIVED_MS = Date.UTC(2026, 6, 21, 12)
export const NOW_NS = BigInt(RECEIVED_MS) * 1_000_000n
export const DAY_NS = 86_400_000_000_000n

/** A translator of log records that arrive at `RECEIVED_MS`. */
export function create(options: Partial<TranslatorOptions> = {}) {
  const translator = createLogTranslator({
    retentionMs: 30 * DAY_MS,
    maxAheadMs: DAY_MS,
    tenantAttributes: ['tenant.id', 'tenant'],
    ...options,
  })
  return (body: Uint8Array, tenant: string | null = null) =>
    translator.translate(body, { receivedMs: RECEIVED_MS, tenant })
}

/** Records of that time, where they have no other. */
export function request(input: LogsInput): Buffer {
  const records = (input.records ?? [{}]).map((record) => ({ timeUnixNano: NOW_NS, ...record }))
  return logs({ ...input, records })
}

export function rowsOf({ copies, dictionary }: Translated): FullRow[] {
  return withDictionary(decodeRows(copies, 'log_record'), dictionary)
}

/** The row of one record. */
export function rowOf(record: LogRecordInput): FullRow {
  return rowsOf(create()(request({ records: [record] })))[0] as FullRow
}

/** An array in an array, so many levels deep. */
export function nested(levels: number): Value {
  return levels === 1 ? 'bottom' : [nested(levels - 1)]
}
