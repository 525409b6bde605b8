import { setTimeout as wait } from 'node:timers/promises'
import type { Client } from 'pg'
import { PARTITIONED_TABLES } from '../../../collector/store/tables'
import { until } from '../../helpers/until'
import type { Scenario } from '../scenario'
import type { Sidecar } from '../sidecar'
import type { Stage } from '../stage'

const COLLECTORS = 3
const PAUSED_MS = 60_000
const TAKE_OVER_MS = 120_000
const DUTY_MS = 120_000
const LEADER = 'sidelight_leader'

/** The work that one collector does for all goes on without it. */
export const LEADER_SCENARIOS: readonly Scenario[] = [
  {
    name: 'leader-killed',
    fault:
      'kill -9 of the leading one of three collectors; another takes over, makes and drops partitions',
    times: { full: 10, short: 1 },
    async run(stage) {
      const sidecars = await playThree(stage)
      const session = await stage.connect()
      await stage.repeat(async () => {
        const { leader, epoch } = await findLeader(sidecars, session)
        await stage.pause(0, 500)
        await leader.end('SIGKILL')
        const duty = await leaveWork(session)
        // The short run does not wait for the lease of the dead to expire.
        if (stage.isShort) await session.query(EXPIRE)
        const others = sidecars.filter((sidecar) => sidecar !== leader)
        await takenOver(stage, others, session, epoch)
        await until(
          () => isDone(session, duty),
          DUTY_MS,
          `${duty.missing.join()} instead of ${duty.old.join()}`,
        )
        await leader.start()
        await stage.flow()
      })
    },
  },
  {
    name: 'leader-paused',
    fault: 'SIGSTOP of the leading one of three collectors for 60 s; it finds itself replaced',
    times: { full: 3, short: 0 },
    async run(stage) {
      const sidecars = await playThree(stage)
      const session = await stage.connect()
      await stage.repeat(async () => {
        const { leader, epoch } = await findLeader(sidecars, session)
        process.kill(leader.pid(), 'SIGSTOP')
        try {
          await wait(PAUSED_MS)
          const others = sidecars.filter((sidecar) => sidecar !== leader)
          await takenOver(stage, others, session, epoch)
        } finally {
          process.kill(leader.pid(), 'SIGCONT')
        }
        await until(
          async () => (await leader.metric(LEADER)) === 0,
          TAKE_OVER_MS,
          'a paused leader that knows it is replaced',
        )
        await stage.flow()
      })
    },
  },
]

/** Collectors of one database, each with a client of its own. */
async function playThree(stage: Stage): Promise<Sidecar[]> {
  const sidecars: Sidecar[] = []
  for (let index = 0; index < COLLECTORS; index++) {
    sidecars.push((await stage.play({ itemsPerSecond: 300 })).sidecar)
  }
  return sidecars
}

async function findLeader(
  sidecars: readonly Sidecar[],
  session: Client,
): Promise<{ leader: Sidecar; epoch: number }> {
  const leader = await until(() => leaderOf(sidecars), TAKE_OVER_MS, 'one leader')
  return { leader, epoch: await readEpoch(session) }
}

/** Null while there is none, or more than one believes to be it. */
async function leaderOf(sidecars: readonly Sidecar[]): Promise<Sidecar | null> {
  const leading = await Promise.all(sidecars.map((sidecar) => sidecar.metric(LEADER)))
  const leaders = sidecars.filter((_, index) => leading[index] === 1)
  return leaders.length === 1 ? (leaders[0] ?? null) : null
}

async function takenOver(
  stage: Stage,
  others: readonly Sidecar[],
  session: Client,
  before: number,
): Promise<void> {
  await until(() => leaderOf(others), TAKE_OVER_MS, 'another leader')
  const epoch = await readEpoch(session)
  stage.claim(epoch > before, `the lease's epoch went from ${before} to ${epoch} at a take-over`)
}

const EXPIRE = 'update sidelight.lease set expires_at = clock_timestamp()'

async function readEpoch(session: Client): Promise<number> {
  const { rows } = await session.query<{ epoch: string }>('select epoch from sidelight.lease')
  return Number(rows[0]?.epoch)
}

/** Partitions for the next leader, of every table: one to be made, one to be dropped. */
interface Duty {
  readonly missing: readonly string[]
  readonly old: readonly string[]
}

/** Drops the partitions of the last day ahead, and makes some far behind the retention. */
async function leaveWork(session: Client): Promise<Duty> {
  const missing: string[] = []
  const old: string[] = []
  for (const { name } of PARTITIONED_TABLES) {
    const { rows } = await session.query<{ name: string }>(
      `select max(inhrelid::regclass::text) as name from pg_inherits
       where inhparent = $1::regclass`,
      [`sidelight.${name}`],
    )
    const last = rows[0]?.name ?? ''
    await session.query(`drop table ${last}`)
    missing.push(last)
    const ancient = `sidelight.${name}_20200101`
    await session.query(
      `create table ${ancient} partition of sidelight.${name}
       for values from ('2020-01-01+00') to ('2020-01-02+00')`,
    )
    old.push(ancient)
  }
  return { missing, old }
}

async function isDone(session: Client, { missing, old }: Duty): Promise<boolean> {
  const { rows } = await session.query<{ done: boolean }>(
    `select (select bool_and(to_regclass(name) is not null) from unnest($1::text[]) as name)
       and (select bool_and(to_regclass(name) is null) from unnest($2::text[]) as name) as done`,
    [missing, old],
  )
  return rows[0]?.done === true
}
