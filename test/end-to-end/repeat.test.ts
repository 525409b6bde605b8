import { Client } from 'pg'
import t from 'tap'
import { collectors, dataFolder, freePorts } from '../helpers/collector'
import { traces, ExportTraceServiceResponse } from '../helpers/otlp'
import { withDatabase } from '../helpers/postgres'

const PROTOBUF = { 'content-type': 'application/x-protobuf' }

t.test('the same body posted 50 times at once to two collectors adds its rows once', async (t) => {
  const { connectionString } = await withDatabase(t)
  const [otlpA = 0, apiA = 0, otlpB = 0, apiB = 0] = await freePorts(4)
  const { start } = collectors(t)
  const [a, b] = await Promise.all([
    start({
      databaseUrl: connectionString,
      otlpPort: otlpA,
      apiPort: apiA,
      dataDir: dataFolder(t),
    }),
    start({
      databaseUrl: connectionString,
      otlpPort: otlpB,
      apiPort: apiB,
      dataDir: dataFolder(t),
    }),
  ])
  const body = traces({ service: 'twice', count: 512 }, 'protobuf')
  const answers = await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const { otlpUrl } = index % 2 === 0 ? a : b
      const init = { method: 'POST', headers: PROTOBUF, body: new Uint8Array(body) }
      let response = await fetch(`${otlpUrl}/v1/traces`, init)
      while (response.status === 503) response = await fetch(`${otlpUrl}/v1/traces`, init)
      return response.status
    }),
  )
  t.same(new Set(answers), new Set([200]))
  const client = new Client({ connectionString })
  await client.connect()
  t.teardown(() => client.end())
  const { rows } = await client.query(
    'select count(*)::int as spans, (select count(*)::int from sidelight.ingest_receipt) as receipts from sidelight.span',
  )
  t.same(rows, [{ spans: 512, receipts: 1 }])
})

t.test(
  'one span with a 15-byte trace id among 512 is rejected alone, with a useful message',
  async (t) => {
    const { connectionString } = await withDatabase(t)
    const [otlpPort = 0, apiPort = 0] = await freePorts(2)
    const collector = await collectors(t).start({
      databaseUrl: connectionString,
      otlpPort,
      apiPort,
      dataDir: dataFolder(t),
    })
    const spans = Array.from({ length: 512 }, (_, index) =>
      index === 300 ? { name: 'short id', traceId: 'ab'.repeat(15) } : { name: `span ${index}` },
    )
    const response = await fetch(`${collector.otlpUrl}/v1/traces`, {
      method: 'POST',
      headers: PROTOBUF,
      body: new Uint8Array(traces({ service: 'mixed', spans }, 'protobuf')),
    })
    t.equal(response.status, 200)
    const answer = ExportTraceServiceResponse.decode(new Uint8Array(await response.arrayBuffer()))
    const partial = (
      answer as unknown as { partialSuccess: { rejectedSpans: unknown; errorMessage: string } }
    ).partialSuccess
    t.equal(Number(partial.rejectedSpans), 1)
    t.match(partial.errorMessage, /trace_id.*15/)
    const client = new Client({ connectionString })
    await client.connect()
    t.teardown(() => client.end())
    const { rows } = await client.query('select count(*)::int as spans from sidelight.span')
    t.same(rows, [{ spans: 511 }])
  },
)
