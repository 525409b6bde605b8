import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from '../../collector/config'
import { bySignal, type Signal } from '../../collector/otlp/signal'
import {
  EDGE_CANDIDATE,
  ERROR_CANDIDATE,
  SPAN_ROLLUP,
  type Table,
} from '../../collector/translate/rows'
import { createTranslator } from '../../collector/translate/translator'
import type { Encoding } from '../helpers/otlp'
import { writeBodies } from './bodies'
import { type BenchPayload, benchPayload } from './payload'
import { benchLogPayload } from './payload-logs'
import { benchMetricPayload } from './payload-metrics'

/** Requests as files, and the rows that they are; but not what is written besides, that follows from spans. */
export interface Workload {
  /** Spans, log records and data points. */
  readonly items: number
  /** What `load.ts` posts. */
  readonly bodies: Readonly<Record<Encoding, string>>
  readonly copies: readonly TableRows[]
}

/** The rows of a table as a file that COPY reads. */
export interface TableRows {
  readonly table: Table
  readonly rows: number
  readonly file: string
}

/** One export request. */
export interface BenchRequest {
  readonly signal: Signal
  readonly payload: BenchPayload
}

export const DAY_MS = 86_400_000
const ITEMS_PER_REQUEST = 512
const COPY_HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const COPY_TRAILER = Buffer.from([0xff, 0xff])

/** So many requests of a signal: of 512 spans, of 512 log records, of the 512 series of one application. */
export function benchRequests(signal: Signal, count: number): BenchRequest[] {
  const nowMs = Date.now()
  return Array.from({ length: count }, (_, seed) => ({
    signal,
    payload: payloadOf(signal, seed, nowMs - (count - seed) * 100),
  }))
}

/** Writes the requests' bodies and rows into the folder, under the name. Throws when a request is not all rows. */
export function createWorkload(
  folder: string,
  name: string,
  requests: readonly BenchRequest[],
): Workload {
  const bodiesOf = (encoding: Encoding): string => {
    const file = join(folder, `${name}-${encoding}`)
    writeBodies(
      file,
      requests.map(({ signal, payload }) => ({ path: `/v1/${signal}`, bytes: payload[encoding] })),
    )
    return file
  }
  const { items, copies } = translate(requests)
  return {
    items,
    bodies: { protobuf: bodiesOf('protobuf'), json: bodiesOf('json') },
    copies: [...copies].map(([table, { rows, bytes }]) => {
      const file = join(folder, `${name}-${table.name}`)
      writeFileSync(file, Buffer.concat([COPY_HEADER, ...bytes, COPY_TRAILER]))
      return { table, rows, file }
    }),
  }
}

/** A translator as the collector has one. */
export function createBenchTranslator() {
  const config = loadConfig({})
  return createTranslator({
    retentionMs: bySignal(() => 30 * DAY_MS),
    maxAheadMs: DAY_MS,
    tenantAttributes: config.tenantAttributes,
    correlationAttributes: config.correlationAttributes,
    dictionaryCacheSize: 20_000,
    errorFingerprintAttributes: config.errorFingerprintAttributes,
    errorUserAttributes: config.errorUserAttributes,
    fingerprintRules: config.fingerprintRules,
    limits: config,
  })
}

interface Rows {
  rows: number
  readonly bytes: Uint8Array[]
}

function translate(requests: readonly BenchRequest[]): { items: number; copies: Map<Table, Rows> } {
  const translator = createBenchTranslator()
  const copies = new Map<Table, Rows>()
  let items = 0
  for (const { signal, payload } of requests) {
    const translated = translator.translate({
      signal,
      body: payload.protobuf,
      receivedMs: Date.now(),
      tenant: null,
    })
    if (translated.rejected > 0) throw new Error(`${signal}: ${translated.rejection}`)
    items += translated.accepted
    for (const { table, bytes, offsets } of translated.copies) {
      if ([EDGE_CANDIDATE, ERROR_CANDIDATE, SPAN_ROLLUP].includes(table)) continue
      const rows = copies.get(table) ?? { rows: 0, bytes: [] }
      rows.rows += offsets.length
      rows.bytes.push(bytes)
      copies.set(table, rows)
    }
  }
  return { items, copies }
}

function payloadOf(signal: Signal, seed: number, nowMs: number): BenchPayload {
  switch (signal) {
    case 'traces':
      return benchPayload({ spans: ITEMS_PER_REQUEST, attributes: 12, seed, nowMs })
    case 'logs':
      return benchLogPayload({ records: ITEMS_PER_REQUEST, seed, nowMs })
    case 'metrics':
      return benchMetricPayload({ seed, nowMs })
  }
}
