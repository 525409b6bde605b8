import t from 'tap'
import {
  createCorrelationQueries,
  type CorrelationQuestion,
} from '../../collector/store/queries/correlations'
import { openDatabase } from './database'
import { seed } from './seed'
import { seedLogs, seedSightings } from './seed-logs'

const trace = (n: number) => n.toString(16).padStart(32, '0')
const id = (n: number) => n.toString(16).padStart(16, '0')

t.test('what is stored about an id', async (t) => {
  const pool = await openDatabase(t)
  await seed(pool, [
    { traceId: trace(1), spanId: id(1), start: '2026-03-01T10:00:00Z' },
    {
      traceId: trace(1),
      spanId: id(2),
      parentSpanId: id(1),
      service: 2n,
      start: '2026-03-01T10:00:01Z',
    },
    { traceId: trace(2), service: 2n, start: '2026-03-02T10:00:00Z' },
    { traceId: trace(3), service: 3n, start: '2026-02-20T10:00:00Z' },
    { traceId: trace(4), start: '2026-03-01T10:00:00Z' },
  ])
  const alone = '2026-03-01T09:00:00.000007Z'
  await seedLogs(pool, [
    { time: '2026-03-01T10:00:00.5Z', traceId: trace(1), spanId: id(1), body: 'of trace 1' },
    { time: alone, attributes: '{"request.id": "abc"}', body: 'alone' },
    { time: alone, attributes: '{"headers": ["x", "abc"]}', body: 'in a list' },
    { time: alone, attributes: '{"request.id": "abcd", "other": "abc"}', body: 'another id' },
    { time: alone, body: 'no attributes' },
    { time: alone, service: 2n, attributes: '{"request.id": "abc"}', body: 'never seen' },
    { time: '2026-02-20T09:00:00Z', service: 3n, attributes: '{"$$id": "abc"}', body: 'foreign' },
  ])
  await seedSightings(pool, [
    { id: 'abc', time: '2026-03-01T10:00:00Z', traceId: trace(1) },
    { id: 'abc', time: '2026-03-01T10:00:01Z', traceId: trace(1), service: 2n },
    { id: 'abc', time: '2026-03-02T10:00:00Z', traceId: trace(2), service: 2n },
    { id: 'abc', time: '2026-02-20T10:00:00Z', traceId: trace(3), service: 3n },
    { id: 'abc', time: alone },
    { id: 'abc', time: '2026-02-20T09:00:00Z', service: 3n },
    { id: 'abcd', time: '2026-03-01T10:00:00Z', traceId: trace(4) },
  ])
  const ask = async (question: Partial<CorrelationQuestion> = {}) => {
    const { traceIds, spans, logs, truncated } = await createCorrelationQueries(
      pool,
    ).readCorrelation({
      id: 'abc',
      attributes: ['request.id', 'headers', '$id'],
      tenant: null,
      maxTraces: 10,
      maxSpans: 10,
      maxLogs: 10,
      ...question,
    })
    return {
      traces: traceIds.map((traceId) => Number(traceId)),
      spans: spans.map(({ traceId, spanId }) => `${Number(traceId)} ${Number(`0x${spanId}`)}`),
      logs: logs.map(({ body }) => body),
      truncated: Object.entries(truncated).flatMap(([name, is]) => (is ? [name] : [])),
    }
  }

  t.test('is its traces, newest first, their spans, and logs in order of time', async (t) => {
    t.strictSame(await ask(), {
      traces: [2, 1, 3],
      spans: ['3 3', '1 1', '1 2', '2 2'],
      logs: ['foreign', 'alone', 'in a list', 'of trace 1'],
      truncated: [],
    })
  })

  t.test('is only what belongs to the tenant', async (t) => {
    t.strictSame(await ask({ tenant: 'umbrella' }), {
      traces: [3],
      spans: ['3 3'],
      logs: ['foreign'],
      truncated: [],
    })
    t.match(await ask({ tenant: 'acme' }), {
      traces: [2, 1],
      logs: ['alone', 'in a list', 'of trace 1'],
    })
    t.match(await ask({ tenant: 'nobody' }), { traces: [], spans: [], logs: [] })
  })

  t.test('is nothing for an id that was never seen', async (t) => {
    const nothing = { traces: [], spans: [], logs: [], truncated: [] }
    for (const unknown of ['ab', 'ABC', '%', `' or true --`]) {
      t.strictSame(await ask({ id: unknown }), nothing, unknown)
    }
  })

  t.test('is cut at each limit, and says so', async (t) => {
    t.strictSame(await ask({ maxTraces: 1 }), {
      traces: [2],
      spans: ['2 2'],
      logs: ['foreign', 'alone', 'in a list'],
      truncated: ['traces'],
    })
    t.match(await ask({ maxSpans: 3 }), {
      spans: ['3 3', '1 1', '1 2'],
      truncated: ['spans'],
    })
    t.match(await ask({ maxLogs: 3 }), {
      logs: ['foreign', 'alone', 'in a list'],
      truncated: ['logs'],
    })
    t.match(await ask({ maxTraces: 3, maxSpans: 4, maxLogs: 4 }), { truncated: [] })
  })
})

t.test('an id is looked up by the whole characters in its first 256 bytes', async (t) => {
  const pool = await openDatabase(t)
  const time = '2026-03-01T09:00:00Z'
  // 255 bytes, and a character of two that does not fit.
  const cut = 'x'.repeat(255)
  const long = `${cut}é and more`
  await seedLogs(pool, [
    { time, attributes: JSON.stringify({ id: long }), body: 'long' },
    { time, attributes: JSON.stringify({ id: cut.slice(1) }), body: 'another' },
  ])
  await seedSightings(pool, [{ id: cut, time }])
  const limits = { tenant: null, maxTraces: 1, maxSpans: 1, maxLogs: 5 }
  const found = await createCorrelationQueries(pool).readCorrelation({
    id: long,
    attributes: ['id'],
    ...limits,
  })
  t.equal(found.id, cut)
  t.match(found.logs, [{ body: 'long' }])
  t.equal(found.logs.length, 1)
})
