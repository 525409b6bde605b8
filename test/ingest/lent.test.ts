import type { Pool } from 'pg'
import t, { type Test } from 'tap'
import type { ExportRequest } from '../../collector/ingest/contract'
import { protobufFromJson } from '../../collector/otlp/json'
import {
  EXPORT_LOGS_SERVICE_REQUEST,
  EXPORT_METRICS_SERVICE_REQUEST,
  EXPORT_TRACE_SERVICE_REQUEST,
} from '../../collector/otlp/schema'
import { bySignal, type Signal } from '../../collector/otlp/signal'
import { Slabs } from '../../collector/slabs'
import { SIGNALS } from '../../collector/translate/rows'
import { type Encoding, traces } from '../helpers/otlp'
import { logs } from '../helpers/otlp-logs'
import { metrics } from '../helpers/otlp-metrics'
import { createSignalTranslator } from '../helpers/translator'
import { until } from '../helpers/until'
import { countWaiting, openDatabase, openWriter } from '../store/database'
import { send, startPipeline, TIMEOUT_MS } from './writes'

const ENCODINGS = ['protobuf', 'json'] as const
const SCHEMAS = {
  traces: EXPORT_TRACE_SERVICE_REQUEST,
  logs: EXPORT_LOGS_SERVICE_REQUEST,
  metrics: EXPORT_METRICS_SERVICE_REQUEST,
}
const ITEMS = 6
/** Of so many numbers the first belongs to an item that Postgres refuses. */
const CURSED = 40
const isCursed = (number: number) => number % CURSED === 0

/** Whatever an item is made of repeats its number: bytes that belong to another one show. */
const textOf = (number: number) => `${isCursed(number) ? 'curse ' : ''}${`${number} `.repeat(300)}`

function encode(signal: Signal, numbers: readonly number[], encoding: Encoding): Buffer {
  const service = 'lent'
  if (signal === 'traces') {
    const spans = numbers.map((number) => ({
      status: { message: textOf(number) },
      attributes: { text: textOf(number) },
      events: [{ name: textOf(number) }],
    }))
    return traces({ service, spans }, encoding)
  }
  if (signal === 'logs') {
    const records = numbers.map((number) => ({
      body: textOf(number),
      attributes: { text: textOf(number) },
    }))
    return logs({ service, records }, encoding)
  }
  const timeUnixNano = BigInt(Date.now()) * 1_000_000n
  const dataPoints = numbers.map((number) => ({
    timeUnixNano,
    asInt: String(isCursed(number) ? -number : number),
    exemplars: [{ timeUnixNano, asInt: '1', filteredAttributes: { text: textOf(number) } }],
  }))
  return metrics({ service, metrics: [{ name: 'lent', gauge: { dataPoints } }] }, encoding)
}

/** Memory that is written over as soon as it is given back. */
function strictSlabs() {
  const { lend, giveBack } = new Slabs()
  const counts = { lent: 0, reused: 0 }
  const givenBack = new WeakSet<ArrayBufferLike>()
  return {
    counts,
    lend(bytes: number): Buffer {
      const lent = lend(bytes)
      counts.lent++
      if (givenBack.has(lent.buffer)) counts.reused++
      return lent
    },
    giveBack(bytes: Uint8Array): void {
      new Uint8Array(bytes.buffer).fill(0xaa)
      givenBack.add(bytes.buffer)
      giveBack(bytes)
    },
  }
}

/** A pipeline as the collector wires it, on a real Postgres that refuses cursed items. */
async function open(t: Test) {
  const pool = await openDatabase(t)
  await pool.query(`
    alter table sidelight.span add constraint no_curse check (status_message not like 'curse%');
    alter table sidelight.log_record add constraint no_curse check (body not like 'curse%');
    alter table sidelight.metric_point add constraint no_curse check (value_int > 0)`)
  const { lend, giveBack, counts } = strictSlabs()
  const retentionMs = 86_400_000
  const translators = bySignal((signal) => createSignalTranslator(signal, { retentionMs, lend }))
  const { pipeline, spool } = await startPipeline(t, {
    decode: ({ signal, encoding, body }) =>
      encoding === 'json' ? protobufFromJson(body, SCHEMAS[signal], lend) : body,
    translate: (message) => translators[message.signal].translate(message.body, message),
    giveBack,
    write: openWriter(t, pool).write,
    writers: 2,
  })
  let last = 0
  /** Sends a request of each signal and encoding, each twice at once; returns the answers. */
  const sendAll = () =>
    SIGNALS.flatMap((signal) => ENCODINGS.map((encoding) => ({ signal, encoding }))).flatMap(
      ({ signal, encoding }) => {
        const numbers = Array.from({ length: ITEMS }, () => ++last)
        const sent = encode(signal, numbers, encoding)
        return Array.from({ length: 2 }, () => {
          const body = lend(sent.length)
          body.set(sent)
          const fields: Partial<ExportRequest> = { signal, encoding, body }
          return send(pipeline, '', fields).answer
        })
      },
    )
  return { pool, spool, counts, sendAll, last: () => last }
}

/** Ends the transactions of the pipeline in the middle of their rows. */
async function killWriters(pool: Pool, meanwhile: () => Promise<unknown>[]): Promise<void> {
  const locker = await pool.connect()
  await locker.query('begin; lock table sidelight.span in share mode')
  const answers = meanwhile()
  await until(async () => (await countWaiting(pool)) > 0, TIMEOUT_MS, 'rows to wait')
  await locker.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`)
  await locker.query('rollback')
  locker.release()
  await Promise.all(answers)
}

/** The numbers of all items, by all the places that have them: each item once, if nothing was mixed up. */
async function storedNumbers(pool: Pool): Promise<number[]> {
  const { rows } = await pool.query<{ texts: string[] }>(`
    select array[status_message, attributes ->> 'text', events -> 0 ->> 'name'] as texts from sidelight.span
    union all select array[body, attributes ->> 'text'] from sidelight.log_record
    union all select array[exemplars -> 0 -> 'attributes' ->> 'text', repeat(value_int || ' ', 300)] from sidelight.metric_point`)
  return rows.map(({ texts: [text = '', ...others] }) => {
    const number = parseInt(text, 10)
    return text === textOf(number) && others.every((other) => other === text) ? number : NaN
  })
}

/** Of the items in dead letters. */
async function buriedNumbers(pool: Pool): Promise<number[]> {
  const { rows } = await pool.query<{ body: Buffer }>('select body from sidelight.dead_letter')
  return rows.map(({ body }) => {
    const texts = body.toString('latin1').match(/curse (\d+ )+/g) ?? []
    const number = parseInt(texts[0]?.slice('curse '.length) ?? '', 10)
    return texts.length > 0 && texts.every((text) => text === textOf(number)) ? number : NaN
  })
}

t.test('no byte is stored, spooled or buried after it was given back', async (t) => {
  const { pool, spool, counts, sendAll, last } = await open(t)
  for (let round = 0; round < 10; round++) {
    if (round % 5 === 3) await killWriters(pool, sendAll)
    else await Promise.all(sendAll())
  }
  await until(() => spool.state().records === 0, TIMEOUT_MS, 'an empty spool')
  const numbers = Array.from({ length: last() }, (_, index) => index + 1)
  const inOrder = (a: number, b: number) => a - b
  t.same(
    (await storedNumbers(pool)).sort(inOrder),
    numbers.filter((number) => !isCursed(number)),
  )
  t.same((await buriedNumbers(pool)).sort(inOrder), numbers.filter(isCursed))
  t.ok(counts.reused > 0, `${counts.reused} of ${counts.lent} times it was reused`)
})
