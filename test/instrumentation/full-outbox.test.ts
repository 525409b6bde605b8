import type { ExportResult } from '@opentelemetry/core'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'
import t from 'tap'
import { Outbox } from '../../instrumentation/full/outbox'
import { until } from '../helpers/until'

const REFUSED = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
const BAD_REQUEST = Object.assign(new Error('Bad Request'), { code: 400 })

t.test('batches are kept while the collector is away and delivered in order', async (t) => {
  const collector = recorder([REFUSED, REFUSED])
  const failures: Error[] = []
  const outbox = new Outbox(collector, { maxSpans: 100, retryDelayMs: 1 }, (e) => failures.push(e))
  t.equal(take(outbox, batch(2, 'a')), 0, 'taken at once')
  t.equal(take(outbox, batch(1, 'b')), 0)
  await until(() => collector.delivered.length === 2, 5_000, 'both batches')
  t.same(collector.delivered, ['a', 'b'])
  t.same(failures, [REFUSED, REFUSED])
})

t.test('beyond the limit the oldest batch goes', async (t) => {
  const collector = recorder([REFUSED])
  const outbox = new Outbox(collector, { maxSpans: 4, retryDelayMs: 60_000 }, () => {})
  take(outbox, batch(2, 'oldest'))
  take(outbox, batch(2, 'middle'))
  take(outbox, batch(2, 'newest'))
  await outbox.forceFlush()
  await outbox.forceFlush()
  t.same(collector.delivered, ['middle', 'newest'])
})

t.test('a batch the collector refuses is not sent again', async (t) => {
  const collector = recorder([BAD_REQUEST])
  const outbox = new Outbox(collector, { maxSpans: 100, retryDelayMs: 1 }, () => {})
  take(outbox, batch(1, 'refused'))
  take(outbox, batch(1, 'next'))
  await outbox.forceFlush()
  t.same(collector.delivered, ['next'])
  t.equal(collector.attempts(), 2)
})

t.test('an exporter that throws is a failure like another', async (t) => {
  const failures: Error[] = []
  const exporter: SpanExporter = {
    export() {
      throw new Error('cannot serialise')
    },
    shutdown: () => Promise.resolve(),
  }
  const outbox = new Outbox(exporter, { maxSpans: 100, retryDelayMs: 1 }, (e) => failures.push(e))
  take(outbox, batch(1, 'a'))
  await outbox.forceFlush()
  t.match(failures, [{ message: 'cannot serialise' }])
})

t.test('one batch is on its way at a time', async (t) => {
  let answer: ((result: ExportResult) => void) | undefined
  let started = 0
  const exporter: SpanExporter = {
    export(_spans, done) {
      started += 1
      answer = done
    },
    shutdown: () => Promise.resolve(),
  }
  const outbox = new Outbox(exporter, { maxSpans: 100, retryDelayMs: 1 }, () => {})
  take(outbox, batch(1, 'a'))
  take(outbox, batch(1, 'b'))
  t.equal(started, 1)
  answer?.({ code: 0 })
  await until(() => started === 2, 5_000, 'the second batch')
  answer?.({ code: 0 })
  await outbox.shutdown()
})

/** Fails with the given errors first, then takes everything. */
function recorder(errors: Error[]) {
  const delivered: string[] = []
  let attempts = 0
  return {
    delivered,
    attempts: () => attempts,
    export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
      attempts += 1
      const error = errors.shift()
      if (error === undefined) delivered.push(spans[0]?.name ?? '')
      setImmediate(() => done(error === undefined ? { code: 0 } : { code: 1, error }))
    },
    shutdown: () => Promise.resolve(),
  }
}

function take(outbox: Outbox, spans: ReadableSpan[]): number | undefined {
  let code: number | undefined
  outbox.export(spans, (result) => {
    code = result.code
  })
  return code
}

function batch(count: number, name: string): ReadableSpan[] {
  return Array.from({ length: count }, () => ({ name }) as ReadableSpan)
}
