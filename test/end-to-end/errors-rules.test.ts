import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import t from 'tap'
import { collectors, dataFolder, freePorts, untilStored } from '../helpers/collector'
import { traces } from '../helpers/otlp'
import { withDatabase } from '../helpers/postgres'

t.setTimeout(120_000)

const RULES = `
errors:
  rules:
    - match: { class: Chunk* }
      fingerprint: [chunk-load]
`

t.test('a rule of the configuration file says what a group is made of', async (t) => {
  const { connectionString } = await withDatabase(t)
  const [otlpPort = 0, apiPort = 0] = await freePorts(2)
  const folder = dataFolder(t)
  const file = join(folder, 'sidelight.yaml')
  writeFileSync(file, RULES)
  const collector = await collectors(t).start({
    databaseUrl: connectionString,
    otlpPort,
    apiPort,
    dataDir: folder,
    env: { SIDELIGHT_CONFIG: file },
  })
  const response = await fetch(`${collector.otlpUrl}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: new Uint8Array(
      traces([
        {
          resource: { attributes: { 'service.name': 'web' } },
          spans: [
            thrown('ChunkLoadError', 'a chunk'),
            thrown('ChunkMapError', 'its map'),
            thrown('TypeError', 'no chunk'),
          ],
        },
      ]),
    ),
  })
  t.equal(response.status, 200)
  await untilStored(collector)
  const client = new Client({ connectionString })
  await client.connect()
  t.teardown(() => client.end())
  const { rows } = await client.query<{ throws: number }>(
    `select sum(occurrence_count)::int as throws from sidelight.error_rollup
     where level in (0, 1) group by error_hash order by throws`,
  )
  t.same(rows, [{ throws: 1 }, { throws: 2 }])
})

let spans = 0

/** A failed span of a trace of its own. */
function thrown(type: string, message: string) {
  const traceId = Buffer.alloc(16, 1)
  traceId[15] = ++spans
  return {
    traceId,
    spanId: traceId.subarray(8),
    name: 'GET /',
    kind: 2,
    startTimeUnixNano: BigInt(Date.now()) * 1_000_000n,
    endTimeUnixNano: BigInt(Date.now()) * 1_000_000n,
    status: { code: 2 },
    events: [
      {
        name: 'exception',
        timeUnixNano: BigInt(Date.now()) * 1_000_000n,
        attributes: { 'exception.type': type, 'exception.message': message },
      },
    ],
  }
}
