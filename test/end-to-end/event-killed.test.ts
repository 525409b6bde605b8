import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import t from 'tap'
import { readEmbeddedConnection } from '../../collector/store/embedded/connection'
import { ADMIN_TOKEN, collectors, dataFolder, freePorts, readMetric } from '../helpers/collector'
import { logs } from '../helpers/otlp-logs'
import { createRandom } from '../helpers/random'
import { countEvents, eventDifferences } from '../helpers/recount-events'
import { until } from '../helpers/until'

const KILLS = 4
const REFRESHES = 25
const EVENTS = 8
const SUBJECTS = ['a', 'b', 'c']
const HOUR_MS = 3_600_000
const REFRESH = 'select sidelight.refresh_monitoring_views()'

/** How webhooks stand, and what their log records tell of that. */
const STANDING = `
with record as (
  select attributes ->> 'webhook.id' as subject, attributes ->> 'sidelight.outcome' as outcome,
    (extract(epoch from time) * 1000000)::bigint * 1000 + coalesce(time_ns, 0) as ns
  from sidelight.log_record where event_name = 'sidelight.webhook.delivery'
), latest as (
  select subject, count(*) as events, count(*) filter (where outcome = 'failed') as failed,
    max(ns) filter (where outcome = 'succeeded') as success
  from record group by subject
)
select subject, events = event_count as "events", failed = failed_count as "failed",
  success is not distinct from last_success_ns as "success", (
    select count(*) from record where record.subject = latest.subject and outcome = 'failed' and ns > coalesce(success, 0)
  ) = consecutive_failures as "consecutive"
from latest left join (sidelight.catalogue join sidelight.catalogue_state on catalogue_id = id) using (subject)
order by subject`

t.setTimeout(300_000)

t.test('what is refreshed by many while Postgres is killed adds up to what was told', async (t) => {
  const dataDir = dataFolder(t)
  const [otlpPort = 0, apiPort = 0] = await freePorts(2)
  const collector = await collectors(t).start({ databaseUrl: null, otlpPort, apiPort, dataDir })
  const connectionString = await readEmbeddedConnection(dataDir)
  let isUnderWay = true
  let sent = 0
  let refreshed = 0
  const random = createRandom(8)
  const writing = async () => {
    while (isUnderWay) {
      const records = Array.from({ length: EVENTS }, () => ({
        eventName: 'sidelight.webhook.delivery',
        timeUnixNano: BigInt(Date.now() - random.below(3) * HOUR_MS) * 1_000_000n + BigInt(sent++),
        attributes: {
          'webhook.id': random.pick(SUBJECTS),
          'sidelight.outcome': random.chance(0.9) ? 'failed' : 'succeeded',
          'sidelight.duration_ms': random.below(100),
        },
      }))
      const body = new Uint8Array(logs({ service: 'shop', records }))
      await until(() => isTaken(collector.otlpUrl, body), 60_000, 'an acknowledgement')
    }
  }
  const calling = async () => {
    while (isUnderWay) if (await isRefreshed(collector.apiUrl)) refreshed++
  }
  const asking = async () => {
    while (isUnderWay) if (await isRun(connectionString)) refreshed++
  }
  const calls = Array.from({ length: REFRESHES }, () => [calling(), asking()]).flat()
  const all = Promise.all([writing(), writing(), ...calls])
  for (let kill = 0; kill < KILLS; kill++) {
    const before = { sent, refreshed }
    await until(
      () => sent > before.sent + 20 * EVENTS && refreshed > before.refreshed + REFRESHES,
      60_000,
      'events and refreshes under way',
    )
    // In turns one that refreshes, upon which Postgres ends all, and Postgres itself.
    await until(
      async () =>
        isKilled(kill % 2 === 0 ? await refreshingPid(connectionString) : postmasterOf(dataDir)),
      30_000,
      'a process of Postgres',
    )
    await until(() => isRun(connectionString), 60_000, 'a refresh after that')
  }
  isUnderWay = false
  await all
  const spooled = async () => (await readMetric(collector, 'sidelight_spool_records')) === 0
  await until(spooled, 60_000, 'an empty spool')
  await until(() => isRun(connectionString), 60_000, 'a last refresh')
  const client = new Client({ connectionString })
  await client.connect()
  t.equal(await countEvents(client), sent, `${sent} events are counted once`)
  t.same(await eventDifferences(client), [])
  const { rows } = await client.query(STANDING)
  const right = { events: true, failed: true, success: true, consecutive: true }
  t.same(
    rows,
    SUBJECTS.map((subject) => ({ subject, ...right })),
  )
  await client.end()
  t.equal(await collector.end('SIGTERM'), 0)
})

async function isTaken(otlpUrl: string, body: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const headers = { 'content-type': 'application/x-protobuf' }
  const sending = fetch(`${otlpUrl}/v1/logs`, { method: 'POST', headers, body })
  const response = await sending.catch(() => null)
  return response?.status === 200
}

async function isRefreshed(apiUrl: string): Promise<boolean> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
  const { status } = await fetch(`${apiUrl}/api/cron/refresh-monitoring-views`, { headers })
  return status === 200
}

async function isRun(connectionString: string): Promise<boolean> {
  return (await ask(connectionString, REFRESH)) !== null
}

async function refreshingPid(connectionString: string): Promise<number | null> {
  const statement = `select pid from pg_stat_activity where state = 'active' and query like '%refresh_monitoring%' and pid <> pg_backend_pid() limit 1`
  const rows = await ask<{ pid: number }>(connectionString, statement)
  return rows?.[0]?.pid ?? null
}

/** False for one that has ended by itself meanwhile. */
function isKilled(pid: number | null): boolean {
  if (pid === null || pid === 0) return false
  try {
    return process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/** Null where Postgres is away. */
async function ask<R extends object>(connectionString: string, text: string): Promise<R[] | null> {
  const client = new Client({ connectionString })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query<R>(text)).rows
  } catch {
    return null
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** The first line of postmaster.pid; 0 while there is none. */
function postmasterOf(dataDir: string): number {
  try {
    return Number(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0])
  } catch {
    return 0
  }
}
