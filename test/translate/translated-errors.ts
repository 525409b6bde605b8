import {
  decodeRow,
  bool,
  type Decode,
  int2,
  int8,
  jsonb,
  sized,
  timestamptz,
} from '../helpers/copy-rows'
import { type Encoding, type SpanInput, traces, type TracesInput } from '../helpers/otlp'
import { type LogRecordInput, logs, type LogsInput } from '../helpers/otlp-logs'
import { protobufFromJson } from '../../collector/otlp/json'
import {
  EXPORT_LOGS_SERVICE_REQUEST,
  EXPORT_TRACE_SERVICE_REQUEST,
} from '../../collector/otlp/schema'
import { bySignal } from '../../collector/otlp/signal'
import type { ErrorThrow } from '../../collector/translate/error-throw'
import { UNLIMITED } from '../../collector/translate/limits'
import { ERROR_CANDIDATE, type Translated } from '../../collector/translate/rows'
import { createTranslator, type TranslatorOptions } from '../../collector/translate/translator'

export const NOON_MS = Date.UTC(2026, 6, 21, 12)
export const NOON_NS = BigInt(NOON_MS) * 1_000_000n
const DAY_MS = 86_400_000

/** What a request says of errors. */
export interface TranslatedErrors extends Translated {
  readonly candidates: readonly Candidate[]
  /** By hash, the columns of `error_group_hash` from `kind` on. */
  readonly groups: ReadonlyMap<string, readonly (string | null)[]>
}

/** A row of `error_candidate`. */
export interface Candidate {
  readonly scope: string
  readonly innermost: string
  readonly error_hash: string
  readonly release: string
  readonly severity: number
  readonly time_ns: bigint
  readonly user_hash: bigint | null
  readonly occurrence: string | null
}

const uuid: Decode<string> = (bytes) =>
  sized(bytes, 16)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
const text: Decode<string> = (bytes) => new TextDecoder('utf8', { fatal: true }).decode(bytes)

const TYPES: Readonly<Record<string, Decode<unknown>>> = {
  bucket: timestamptz,
  scope: uuid,
  innermost: uuid,
  error_hash: uuid,
  service_id: int8,
  operation_id: int8,
  release: text,
  severity: int2,
  is_handled: bool,
  time_ns: int8,
  user_hash: int8,
  occurrence: jsonb,
}

/** A translator of both signals that makes errors of what it is told; without times, items are of noon. */
export function createErrorTranslator(options: Partial<TranslatorOptions> = {}) {
  const translator = createTranslator({
    maxAheadMs: DAY_MS,
    tenantAttributes: ['tenant.id'],
    correlationAttributes: ['correlation.id', 'request.id'],
    dictionaryCacheSize: 100,
    errorFingerprintAttributes: ['error.fingerprint'],
    errorUserAttributes: ['user.id'],
    limits: UNLIMITED,
    ...options,
    retentionMs: bySignal(() => 10 * DAY_MS),
  })
  const read = (signal: 'traces' | 'logs', body: Uint8Array, receivedMs: number) =>
    readErrors(translator.translate({ signal, body, receivedMs, tenant: null }))
  return {
    body: read,
    spans(
      spans: readonly SpanInput[],
      { receivedMs = NOON_MS, encoding = 'protobuf', ...input }: Told & TracesInput = {},
    ): TranslatedErrors {
      const timed = spans.map((span) => ({ startTimeUnixNano: NOON_NS, ...span }))
      const body = traces({ service: 'shop', ...input, spans: timed }, encoding)
      const isJson = encoding === 'json'
      const bytes = isJson ? protobufFromJson(body, EXPORT_TRACE_SERVICE_REQUEST) : body
      return read('traces', bytes, receivedMs)
    },
    records(
      records: readonly LogRecordInput[],
      { receivedMs = NOON_MS, encoding = 'protobuf', ...input }: Told & LogsInput = {},
    ): TranslatedErrors {
      const timed = records.map((record) => ({ timeUnixNano: NOON_NS, ...record }))
      const body = logs({ service: 'shop', ...input, records: timed }, encoding)
      const isJson = encoding === 'json'
      const bytes = isJson ? protobufFromJson(body, EXPORT_LOGS_SERVICE_REQUEST) : body
      return read('logs', bytes, receivedMs)
    },
  }
}

interface Told {
  readonly receivedMs?: number
  readonly encoding?: Encoding
}

function readErrors(translated: Translated): TranslatedErrors {
  const candidates = translated.copies
    .filter(({ table }) => table === ERROR_CANDIDATE)
    .flatMap(({ bytes, offsets, table }) =>
      offsets.map((start, index) => {
        const row = Buffer.from(bytes.subarray(start, offsets[index + 1] ?? bytes.length))
        return decodeRow(row, table.columns, TYPES) as unknown as Candidate
      }),
    )
  const groups = new Map(
    translated.dictionary
      .filter(({ dictionary }) => dictionary === 'error_group_hash')
      .map(({ id, values }) => [id, values.slice(6)] as const),
  )
  return { ...translated, candidates, groups }
}

/** The only throw. */
export function onlyThrow({ throws }: Translated): ErrorThrow {
  const [thrown, ...others] = throws
  if (thrown === undefined || others.length > 0) throw new Error(`${throws.length} throws`)
  return thrown
}

/** An exception event as `recordException` makes it. */
export function exceptionEvent(error: Pick<Error, 'name' | 'message'> & { stack?: string }) {
  return {
    name: 'exception',
    timeUnixNano: NOON_NS,
    attributes: {
      'exception.type': error.name,
      'exception.message': error.message,
      ...(error.stack !== undefined && { 'exception.stacktrace': error.stack }),
    },
  }
}

/** An error with a stack of the application. */
export function fault(message: string, place = 'pay', name = 'Error') {
  const stack = `${name}: ${message}\n    at ${place} (/srv/app/src/${place}.js:10:5)\n    at handle (/srv/app/src/handle.js:3:1)`
  return { name, message, stack }
}
