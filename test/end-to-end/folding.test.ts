import { setTimeout as wait } from 'node:timers/promises'
import { Client } from 'pg'
import t, { type Test } from 'tap'
import {
  type CollectorOptions,
  collectors,
  dataFolder,
  freePorts,
  readMetric,
  type RunningCollector,
} from '../helpers/collector'
import { areIdle } from '../helpers/commit-gate'
import { type SpanInput, traces } from '../helpers/otlp'
import { withDatabase } from '../helpers/postgres'
import { rollupDifferences } from '../helpers/recount'
import { until } from '../helpers/until'

t.setTimeout(300_000)

const COLLECTORS = 3
const KILLS = 10
const SPANS = 16
const SEND_EVERY_MS = 20
const PATIENCE_MS = 60_000
const MINUTE_MS = 60_000
/** Minutes that are over, of two hours. */
const MINUTES_AGO = [2, 3, 65]
/** Where a fold is stopped, in turns: its sums half written, or COMMIT sent but not done. */
const GATES = { inside: 7_101, commit: 7_102 } as const
type Gate = keyof typeof GATES
const PHASES: readonly Gate[] = ['inside', 'commit']

t.test(
  'rollups equal their spans though a leader is killed ten times as it folds them',
  async (t) => {
    const { connectionString } = await withDatabase(t)
    const client = new Client({ connectionString })
    await client.connect()
    t.teardown(() => client.end())
    await installGates(client)
    const team = await startTeam(t, connectionString)
    const load = startLoad(team.map(({ running }) => running.otlpUrl))
    const restart = async (member: Member) => {
      // So that it leads at once, and folds.
      await client.query('update sidelight.lease set expires_at = clock_timestamp()')
      member.running = await member.start()
    }
    let killed: Member | null = null
    let epoch = 0
    for (let kill = 0; kill < KILLS; kill++) {
      const gate = PHASES[kill % PHASES.length] ?? 'inside'
      await client.query('select pg_advisory_lock($1)', [GATES[gate]])
      if (killed !== null) await restart(killed)
      const folding = await until(() => waitingAt(client, gate), PATIENCE_MS, 'a fold at its gate')
      const leader = await until(() => findLeader(team), PATIENCE_MS, 'one leader')
      const next = await readEpoch(client)
      t.ok(next > epoch, `a leader of epoch ${next} after ${epoch}`)
      epoch = next
      await checkRollups(t, client, 'during a fold')
      await leader.running.end('SIGKILL')
      await client.query('select pg_advisory_unlock($1)', [GATES[gate]])
      await until(() => areIdle(client, folding), PATIENCE_MS, 'the end of the fold')
      await checkRollups(t, client, `killed ${gate}`)
      killed = leader
    }
    if (killed !== null) await restart(killed)
    const sent = await load.stop()
    await until(
      async () => (await Promise.all(team.map(countSpooled))).every((records) => records === 0),
      PATIENCE_MS,
      'empty spools',
    )
    await until(async () => (await countSpans(client, 0)) === 0, PATIENCE_MS, 'folded minutes')
    await checkRollups(t, client, 'in the end')
    const { rows } = await client.query(
      'select count(distinct span_id)::int as spans, count(*)::int as rows from sidelight.span',
    )
    t.same(rows, [{ spans: sent, rows: sent }], `${sent} spans are stored once`)
    t.equal(await countSpans(client, 1), sent, 'their minutes have all of them')
    t.equal(await countSpans(client, 2), sent, 'and so do their hours')
  },
)

interface Member {
  running: RunningCollector
  start(): Promise<RunningCollector>
}

async function startTeam(t: Test, databaseUrl: string): Promise<Member[]> {
  const { start } = collectors(t)
  const ports = await freePorts(2 * COLLECTORS)
  return Promise.all(
    Array.from({ length: COLLECTORS }, async (_, at) => {
      const [otlpPort = 0, apiPort = 0] = ports.slice(2 * at)
      const options: CollectorOptions = { databaseUrl, otlpPort, apiPort, dataDir: dataFolder(t) }
      return { running: await start(options), start: () => start(options) }
    }),
  )
}

/** Sends to every door, each request until it is acknowledged; `stop` resolves with the number of spans. */
function startLoad(otlpUrls: readonly string[]) {
  let isStopping = false
  let sent = 0
  const senders = otlpUrls.map(async (url) => {
    while (!isStopping) {
      const body = new Uint8Array(traces({ service: 'folded', spans: oldSpans() }))
      await until(() => isAcknowledged(url, body), PATIENCE_MS, 'an acknowledgement')
      sent += SPANS
      await wait(SEND_EVERY_MS)
    }
  })
  return {
    async stop(): Promise<number> {
      isStopping = true
      await Promise.all(senders)
      return sent
    },
  }
}

function oldSpans(): SpanInput[] {
  const nowMs = Date.now()
  return Array.from({ length: SPANS }, (_, at) => {
    const endMs = nowMs - (MINUTES_AGO[at % MINUTES_AGO.length] ?? 0) * MINUTE_MS
    const endTimeUnixNano = BigInt(endMs) * 1_000_000n
    return {
      name: `operation ${at % 4}`,
      kind: 2 + (at % 2),
      startTimeUnixNano: endTimeUnixNano - BigInt(at * at) * 1_000n,
      endTimeUnixNano,
      status: { code: at % 7 === 0 ? 2 : 0 },
    }
  })
}

async function isAcknowledged(otlpUrl: string, body: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const headers = { 'content-type': 'application/x-protobuf' }
  try {
    return (await fetch(`${otlpUrl}/v1/traces`, { method: 'POST', headers, body })).status === 200
  } catch {
    return false // it was killed
  }
}

/** Holds what is folded at a gate while the test has its lock; what ingest appends passes. */
async function installGates(client: Client): Promise<void> {
  for (const [gate, key] of Object.entries(GATES)) {
    await client.query(
      `create function public.wait_${gate}() returns trigger language plpgsql as $$
       begin perform pg_advisory_xact_lock_shared(${key}); return new; end $$`,
    )
  }
  await client.query(
    `create trigger wait_inside before insert on sidelight.span_rollup
     for each row when (new.level > 0) execute function public.wait_inside()`,
  )
  await client.query(
    `create constraint trigger wait_commit after insert on sidelight.span_rollup
     deferrable initially deferred
     for each row when (new.level > 0) execute function public.wait_commit()`,
  )
}

/** The backends that wait at the gate, null when there are none. */
async function waitingAt(client: Client, gate: Gate): Promise<number[] | null> {
  const { rows } = await client.query<{ pid: number }>(
    `select pid from pg_locks where locktype = 'advisory' and objid = $1 and not granted
     and database = (select oid from pg_database where datname = current_database())`,
    [GATES[gate]],
  )
  return rows.length === 0 ? null : rows.map(({ pid }) => pid)
}

async function findLeader(team: readonly Member[]): Promise<Member | null> {
  const leading = await Promise.all(
    team.map(({ running }) => readMetric(running, 'sidelight_leader')),
  )
  const leaders = team.filter((_, at) => leading[at] === 1)
  return leaders.length === 1 ? (leaders[0] ?? null) : null
}

async function readEpoch(client: Client): Promise<number> {
  const { rows } = await client.query<{ epoch: string }>('select epoch from sidelight.lease')
  return Number(rows[0]?.epoch)
}

/** At any moment: a fold is seen as a whole or not at all. */
async function checkRollups(t: Test, client: Client, when: string): Promise<void> {
  for (const length of ['minute', 'hour'] as const) {
    t.same(await rollupDifferences(client, length), [], `every ${length} equals its spans ${when}`)
  }
}

async function countSpans(client: Client, level: number): Promise<number> {
  const { rows } = await client.query<{ spans: number }>(
    'select coalesce(sum(span_count), 0)::int as spans from sidelight.span_rollup where level = $1',
    [level],
  )
  return rows[0]?.spans ?? NaN
}

function countSpooled({ running }: Member): Promise<number> {
  return readMetric(running, 'sidelight_spool_records')
}
