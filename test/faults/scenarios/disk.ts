import { chownSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chooseAccount } from '../../../collector/store/embedded/account'
import { SIGNALS } from '../../../collector/translate/rows'
import { exportRequest } from '../../helpers/export-request'
import { until } from '../../helpers/until'
import { administer } from '../administration'
import { mountDisk } from '../disk'
import type { Scenario } from '../scenario'
import type { Sidecar } from '../sidecar'
import type { Stage } from '../stage'

const KIB = 1_024
const MIB = 1_024 * KIB
const FULL_MS = 60_000
/** Enough for the padding to fill a small spool within seconds. */
const HEAVY = { itemsPerSecond: 1_000, itemsPerRequest: 16, paddingBytes: 4 * KIB }

/** No room for more: in Postgres, or in the spool while Postgres is away. */
export const DISK_SCENARIOS: readonly Scenario[] = [
  {
    name: 'postgres-disk-full',
    fault: 'no space left where Postgres keeps the tables, for 3 to 5 s',
    times: { full: 10, short: 1 },
    async run(stage) {
      const disk = mountDisk(stage, 256)
      const space = join(disk.folder, 'space')
      mkdirSync(space)
      const account = chooseAccount()
      if (account !== null) chownSync(space, account.uid, account.gid)
      await moveDatabase(stage, space)
      const { sidecar, client } = await stage.play(HEAVY)
      await stage.repeat(async () => {
        disk.fill()
        await sidecar.noticed()
        await stage.pause(3_000, 5_000)
        disk.free()
        await stage.flow()
      })
      stage.claimNoFailure(client)
    },
  },
  {
    name: 'spool-full',
    fault: 'Postgres away until the spool is full to its bound',
    times: { full: 5, short: 1 },
    async run(stage) {
      const env = { SIDELIGHT_SPOOL_MAX_BYTES: String(16 * MIB) }
      const { sidecar } = await stage.play(HEAVY, { env })
      await stage.repeat(async () => {
        await stage.cluster.stop('SIGINT')
        await claimRefusing(stage, sidecar)
        await stage.cluster.restart()
        await stage.flow()
        await sidecar.drained()
      })
    },
  },
  {
    name: 'spool-disk-full',
    fault: 'Postgres away, and no space left where the spool is',
    times: { full: 5, short: 1 },
    async run(stage) {
      const disk = mountDisk(stage, 64)
      const { sidecar } = await stage.play(HEAVY, { dataDir: disk.folder })
      await stage.repeat(async () => {
        await stage.cluster.stop('SIGINT')
        await stage.pause(500, 1_000)
        disk.fill()
        await claimRefusing(stage, sidecar)
        disk.free()
        await stage.cluster.restart()
        await stage.flow()
        await sidecar.drained()
      })
    },
  },
  {
    name: 'spool-read-only',
    fault: 'Postgres away, and the spool on a file system that has become read-only',
    times: { full: 5, short: 1 },
    async run(stage) {
      const disk = mountDisk(stage, 64)
      const { sidecar } = await stage.play({}, { dataDir: disk.folder })
      await stage.repeat(async () => {
        // A file system with a file open for writing cannot be made read-only.
        await sidecar.end('SIGTERM')
        disk.setReadOnly(true)
        // Not ready, for it says so of the spool, but of use as long as Postgres answers.
        await sidecar.start('live')
        await stage.flow()
        await stage.cluster.stop('SIGINT')
        await claimRefusing(stage, sidecar)
        await stage.cluster.restart()
        await stage.flow()
        await sidecar.end('SIGTERM')
        disk.setReadOnly(false)
        await sidecar.start()
      })
    },
  },
]

async function moveDatabase(stage: Stage, folder: string): Promise<void> {
  const { cluster, database } = stage
  await administer(
    cluster,
    `create tablespace small location '${folder}'`,
    `alter database ${database} set tablespace small`,
  )
  stage.teardown(() =>
    administer(cluster, `drop database ${database} with (force)`, 'drop tablespace small'),
  )
}

/** It says so as the specification has it, with 503 and Retry-After, and readiness names the spool. */
async function claimRefusing(stage: Stage, sidecar: Sidecar): Promise<void> {
  const service = 'x'.repeat(64 * KIB)
  const signal = stage.random.pick(SIGNALS)
  const refusal = await until(
    async () => {
      const body = new Uint8Array(exportRequest(signal, { service }))
      const headers = { 'content-type': 'application/x-protobuf' }
      const response = await fetch(`${sidecar.otlpUrl}/v1/${signal}`, {
        method: 'POST',
        headers,
        body,
      })
      await response.arrayBuffer()
      return response.status === 200 ? null : response
    },
    FULL_MS,
    'a refusal of a full spool',
  )
  const retryAfter = Number(refusal.headers.get('retry-after'))
  stage.claim(
    refusal.status === 503 && retryAfter > 0,
    `a full spool answers ${signal} with ${refusal.status} and Retry-After ${retryAfter}`,
  )
  const verdict = (await sidecar.readiness())?.checks['spool'] ?? 'nothing'
  stage.claim(
    verdict !== 'healthy' && verdict !== 'nothing',
    `readiness says ${verdict} of a full spool`,
  )
  await stage.pause(500, 1_500)
}
