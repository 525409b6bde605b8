import { Client } from 'pg'
import t from 'tap'
import { collectors, dataFolder, freePorts, untilStored } from '../helpers/collector'
import { SIGNALS } from '../../collector/translate/rows'
import { exportRequest } from '../helpers/export-request'
import { ExportTraceServiceResponse, traces } from '../helpers/otlp'
import { withDatabase } from '../helpers/postgres'

const ITEMS = 512
const REPEATS = 50
const PROTOBUF = { 'content-type': 'application/x-protobuf' }

t.test(
  'a body of each signal posted 50 times at once to two collectors adds its rows once',
  async (t) => {
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
    const bodies = SIGNALS.map((signal) => ({
      path: `/v1/${signal}`,
      body: new Uint8Array(exportRequest(signal, { service: 'twice', count: ITEMS })),
    }))
    const answers = await Promise.all(
      Array.from({ length: REPEATS }, (_, index) => (index % 2 === 0 ? a : b)).flatMap(
        ({ otlpUrl }) =>
          bodies.map(async ({ path, body }) => {
            const init = { method: 'POST', headers: PROTOBUF, body }
            let response = await fetch(`${otlpUrl}${path}`, init)
            while (response.status === 503) response = await fetch(`${otlpUrl}${path}`, init)
            return response.status
          }),
      ),
    )
    t.same(new Set(answers), new Set([200]))
    const client = new Client({ connectionString })
    await client.connect()
    t.teardown(() => client.end())
    await Promise.all([a, b].map(untilStored))
    const { rows } = await client.query(
      `select
       (select count(*)::int from sidelight.spans where service = $1) as spans,
       (select count(*)::int from sidelight.logs where service = $1) as records,
       (select count(*)::int from sidelight.metrics where service = $1) as points,
       (select count(*)::int from sidelight.ingest_receipt) as receipts`,
      ['twice'],
    )
    t.same(rows, [{ spans: ITEMS, records: ITEMS, points: ITEMS, receipts: bodies.length }])
  },
)

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
    await untilStored(collector)
    const client = new Client({ connectionString })
    await client.connect()
    t.teardown(() => client.end())
    const { rows } = await client.query('select count(*)::int as spans from sidelight.span')
    t.same(rows, [{ spans: 511 }])
  },
)
