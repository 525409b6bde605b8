import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { credentials } from '@grpc/grpc-js'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { ExportResultCode } from '@opentelemetry/core'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { Client } from 'pg'
import t, { type Test } from 'tap'
import {
  collectors,
  dataFolder,
  freePorts,
  type RunningCollector,
  untilStored,
} from '../helpers/collector'
import { traces } from '../helpers/otlp'
import { withDatabase } from '../helpers/postgres'
import { until } from '../helpers/until'
import { TIMEOUT_MS } from '../receiver/door'
import { openGrpcClient } from '../receiver/grpc-door'

const fixture = (name: string): string => join(__dirname, '..', 'fixtures', 'tls', name)

async function open(t: Test) {
  const { connectionString: databaseUrl } = await withDatabase(t, { migrated: false })
  const [otlpPort = 0, otlpGrpcPort = 0, apiPort = 0] = await freePorts(3)
  const options = { databaseUrl, otlpPort, otlpGrpcPort, apiPort, dataDir: dataFolder(t) }
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  t.teardown(() => client.end())
  return {
    options,
    start: collectors(t).start,
    async countSpans() {
      const { rows } = await client.query('select 1 from sidelight.spans')
      return rows.length
    },
  }
}

/** Until the line that says it is ready names the address. */
async function saysWhere(collector: RunningCollector, url: string): Promise<void> {
  const isSaid = () => collector.output().includes(`"otlpGrpc":"${url}"`)
  await until(isSaid, TIMEOUT_MS, 'the ready line')
}

t.test('otlp 4, 35: what comes over gRPC and again over HTTP is stored once', async (t) => {
  const { options, start, countSpans } = await open(t)
  const collector = await start(options)
  await saysWhere(collector, collector.otlpGrpcUrl)
  const body = traces({ service: 'shop', count: 100 })
  const call = openGrpcClient(t, options.otlpGrpcPort)
  for (const gzip of [false, true]) t.equal((await call(body, { gzip })).code, 0)
  const response = await fetch(`${collector.otlpUrl}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: new Uint8Array(body),
  })
  t.equal(response.status, 200)
  await untilStored(collector)
  t.equal(await countSpans(), 100)
  t.equal(await collector.end('SIGTERM'), 0)
})

t.test('otlp 7: a collector with TLS files takes spans from clients of its CA', async (t) => {
  const { options, start, countSpans } = await open(t)
  const collector = await start({
    ...options,
    env: {
      SIDELIGHT_OTLP_TLS_CERT_FILE: fixture('server.pem'),
      SIDELIGHT_OTLP_TLS_KEY_FILE: fixture('server.key'),
      SIDELIGHT_OTLP_TLS_CLIENT_CA_FILE: fixture('client-ca.pem'),
    },
  })
  const url = `https://127.0.0.1:${options.otlpGrpcPort}`
  await saysWhere(collector, url)
  const memory = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] })
  provider.getTracer('test').startSpan('work').end()
  const [ca, key, cert] = ['ca.pem', 'client.key', 'client.pem'].map((name) =>
    readFileSync(fixture(name)),
  )
  const exporter = new OTLPTraceExporter({
    // By name: on Node 26 the client cannot use an IP address, which it would send as the server's name (RFC 6066, 3).
    url: `https://localhost:${options.otlpGrpcPort}`,
    credentials: credentials.createSsl(ca, key, cert),
  })
  const code = await new Promise((resolve) => {
    exporter.export(memory.getFinishedSpans(), (result) => resolve(result.code))
  })
  await exporter.shutdown()
  t.equal(code, ExportResultCode.SUCCESS)
  await untilStored(collector)
  t.equal(await countSpans(), 1)
  t.equal(await collector.end('SIGTERM'), 0)
})

t.test('a collector whose TLS files cannot be used does not start', async (t) => {
  const { options, start } = await open(t)
  const env = {
    SIDELIGHT_OTLP_TLS_CERT_FILE: fixture('server.pem'),
    SIDELIGHT_OTLP_TLS_KEY_FILE: fixture('client.key'),
  }
  await t.rejects(start({ ...options, env }), {
    message: /SIDELIGHT_OTLP_TLS_KEY_FILE=.*it is not the key of the certificate/,
  })
})
