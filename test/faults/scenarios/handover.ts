import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { exportRequest } from '../../helpers/export-request'
import { handOver } from '../../helpers/handed-over'
import { until } from '../../helpers/until'
import type { Scenario } from '../scenario'

const FILES = 30
const DRAIN_MS = 60_000

/** The collector dies while it takes files that applications left, half of them sent as well. */
export const HANDOVER_SCENARIOS: readonly Scenario[] = [
  {
    name: 'handover',
    fault: 'kill -9 while files handed over are taken, half of them sent to the door as well',
    times: { full: 20, short: 2 },
    async run(stage) {
      const { sidecar, client } = await stage.play()
      const folder = join(sidecar.dataDir, 'handover')
      mkdirSync(folder, { recursive: true })
      await stage.repeat(async (round) => {
        const service = `left ${round}`
        for (let file = 0; file < FILES; file++) {
          const body = exportRequest('traces', { service, count: 4 })
          handOver(folder, { body, items: 4 })
          if (file % 2 === 0) void post(sidecar.otlpUrl, body)
        }
        await stage.pause(0, 100)
        await sidecar.end('SIGKILL')
        await sidecar.start()
        await stage.flow()
      })
      await until(
        () => readdirSync(folder).every((name) => !name.endsWith('.otlp')),
        DRAIN_MS,
        'a folder without files',
      )
      await sidecar.drained()
      const database = await stage.connect()
      const { rows } = await database.query<{ service: string; spans: number }>(
        `select service, count(*)::int as spans from sidelight.spans
         where service like 'left %' group by service`,
      )
      stage.claim(rows.length === stage.times, `files of ${rows.length} rounds are stored`)
      for (const { service, spans } of rows) {
        stage.claim(spans === FILES * 4, `${service}: ${spans} of ${FILES * 4} spans are stored`)
      }
      stage.claimNoFailure(client)
    },
  },
]

/** Whether it is answered is the collector's death to say. */
async function post(otlpUrl: string, body: Buffer): Promise<void> {
  const headers = { 'content-type': 'application/x-protobuf' }
  const request = { method: 'POST', headers, body: new Uint8Array(body) }
  await fetch(`${otlpUrl}/v1/traces`, request).catch(() => undefined)
}
