import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { UNLIMITED } from '../../collector/translate/limits'
import { decodeRows, type Row } from '../helpers/copy-rows'
import { decodeMessage, ExportLogsServiceRequest, ExportTraceServiceRequest } from '../helpers/otlp'
import { createRandom } from '../helpers/random'
import { createSignalTranslator } from '../helpers/translator'
import { expectedLogs } from './expected-logs'
import { expectedRows, type FullRow, type KeyValue } from './expected-rows'
import { generateLogs } from './log-generator'
import { generateRequest, RECEIVED_MS } from './trace-generator'
import { encodeWildly } from './wire-generator'

const MESSAGES = 3_000
const DAY_MS = 86_400_000
/** Of the keys the generator picks from. */
const NAMES = ['a', 'module', '$bytes', 'k"q', 'tenant.id', '__proto__', 'schlüssel']
const LATEST = BigInt(RECEIVED_MS + DAY_MS) * 1_000n

interface Item {
  readonly attributes?: readonly KeyValue[]
}

/** Each list of messages at the end of the path, in the order of the request. */
function itemsAt(message: unknown, [name, ...path]: readonly string[]): Item[] {
  if (name === undefined) return [message as Item]
  const list = (message as Readonly<Record<string, readonly unknown[] | undefined>>)[name] ?? []
  return list.flatMap((inner) => itemsAt(inner, path))
}

function idsOf({ attributes = [] }: Item): string[] {
  return attributes
    .filter(({ key = '' }) => NAMES.includes(key))
    .flatMap(({ value = {} }) => [value, ...(value.arrayValue?.values ?? [])])
    .map(({ stringValue = '' }) => stringValue.replaceAll('\0', '\ufffd'))
    .filter((id) => id !== '')
    .map(cut)
}

function cut(id: string): string {
  let kept = ''
  for (const character of id) {
    if (Buffer.byteLength(kept + character) > 256) break
    kept += character
  }
  return kept
}

/** Time, service, trace and id of the rows; `rows` are those of the items, null for a rejected one. */
function expected(items: readonly Item[], rows: readonly (FullRow | null)[]): unknown[][] {
  const seen = new Map<string, unknown[]>()
  for (const [index, item] of items.entries()) {
    const row = rows[index]
    if (!row) continue
    const trace = row['trace_id']
    const time = timeOf(row as Readonly<Record<string, bigint>>)
    for (const id of idsOf(item)) {
      const found = [time, row['service'], trace, id]
      const key = JSON.stringify([trace ?? String(time), row['service'], id])
      if (!seen.has(key)) seen.set(key, found)
    }
  }
  return [...seen.values()]
}

function timeOf({ time, start_time: start = 0n, end_time: end }: Readonly<Record<string, bigint>>) {
  if (time !== undefined) return time
  return end && end >= start && end <= LATEST ? end : start
}

const SIGNALS = {
  traces: {
    type: ExportTraceServiceRequest,
    path: ['resourceSpans', 'scopeSpans', 'spans'],
    generate: generateRequest,
    rows: expectedRows,
  },
  logs: {
    type: ExportLogsServiceRequest,
    path: ['resourceLogs', 'scopeLogs', 'logRecords'],
    generate: generateLogs,
    rows: (body: Uint8Array, receivedMs: number) => expectedLogs(body, receivedMs).rows,
  },
} as const

for (const signal of ['traces', 'logs'] as const) {
  t.test(
    `the ids in ${MESSAGES} generated requests of ${signal} are those protobufjs reads`,
    (t) => {
      const { type, path, generate, rows } = SIGNALS[signal]
      const translator = createSignalTranslator(signal, {
        retentionMs: 30 * DAY_MS,
        correlationAttributes: NAMES,
        limits: UNLIMITED,
      })
      let compared = 0
      for (let seed = 0; seed < MESSAGES; seed++) {
        const random = createRandom(seed)
        const body = encodeWildly(type, generate(random), random)
        const items = itemsAt(decodeMessage(type, body), path)
        const wanted = expected(items, rows(body, RECEIVED_MS))
        const { copies, dictionary } = translator.translate(body, {
          receivedMs: RECEIVED_MS,
          tenant: null,
        })
        const services = new Map(dictionary.map(({ id, values }) => [id, values.slice(1)]))
        const found = decodeRows(copies, 'correlation').map((row: Row) => [
          row['time'],
          services.get(String(row['service_id'])),
          row['trace_id'],
          row['id'],
        ])
        if (!isDeepStrictEqual(found, wanted)) {
          t.strictSame(found, wanted, `seed ${seed}`)
          break
        }
        compared += found.length
      }
      t.ok(compared > MESSAGES / 10, `${compared} rows compared`)
      t.end()
    },
  )
}
