import t from 'tap'
import type { Pool } from 'pg'
import pino from 'pino'
import { createDuties, type Duty } from '../../collector/store/duties'
import { createLeader, type Leader, type LeaderOptions } from '../../collector/store/leader'
import { partitionName } from '../../collector/store/partitions'
import { createPool } from '../../collector/store/pool'
import { uuidOf } from '../helpers/rows'
import { until } from '../helpers/until'
import { CONNECTION_TIMEOUT_MS, openDatabase, openPool, silent, type Test } from './database'
import { daysFromToday, readToday } from './leadership'

const TIMES = { ttlMs: 2_000, renewEveryMs: 50, workEveryMs: 20 }
/** A lease that is not lost because this process was kept waiting. */
const HOUR = { ttlMs: 3_600_000 }
const PATIENCE_MS = 20_000

interface Lines {
  readonly log: pino.Logger
  readonly messages: string[]
}

function keepLines(): Lines {
  const messages: string[] = []
  const write = (line: string) => void messages.push((JSON.parse(line) as { msg: string }).msg)
  return { log: pino({ level: 'info' }, { write }), messages }
}

function openLeader(t: Test, pool: Pool, options: Partial<LeaderOptions>): Leader {
  const leader = createLeader({
    pool: openPool(t, pool.options.connectionString ?? '', 2),
    owner: uuidOf('leader'),
    duties: [],
    log: silent,
    leading: () => undefined,
    ...TIMES,
    ...options,
  })
  t.teardown(() => leader.stop())
  leader.start()
  return leader
}

/** As a collector of a version that does not know what was dropped adds them. */
async function addDays(pool: Pool, days: readonly number[]): Promise<void> {
  for (const day of days) {
    const bounds = [day, day + 1].map((each) => `'${new Date(each * 86_400_000).toISOString()}'`)
    await pool.query(
      `create table sidelight.${partitionName('span', day)} partition of sidelight.span
       for values from (${bounds[0]}) to (${bounds[1]})`,
    )
  }
}

t.test(
  'the leader does its duties at once and again, and a failing one stops no other',
  async (t) => {
    const pool = await openDatabase(t)
    let isBroken = true
    let done = 0
    const duties: Duty[] = [
      {
        name: 'breaking',
        run: () => (isBroken ? Promise.reject(new Error('broken')) : Promise.resolve()),
      },
      { name: 'working', run: () => Promise.resolve(void done++) },
    ]
    const { log, messages } = keepLines()
    const states: boolean[] = []
    const leader = openLeader(t, pool, { ...HOUR, duties, log, leading: (is) => states.push(is) })
    await until(() => done >= 3, PATIENCE_MS, 'three rounds')
    isBroken = false
    await until(() => messages.length === 3, PATIENCE_MS, 'the recovery')
    await leader.stop()
    t.same(messages, [
      'became the leader',
      'breaking failed; tried again later',
      'breaking works again',
      'gave up the lead',
    ])
    t.same(states, [true, false])
  },
)

t.test('the lead of a leader that stops passes on at once, and its work ends first', async (t) => {
  const pool = await openDatabase(t)
  let isWorking = false
  const duty: Duty = {
    name: 'sleeping',
    async run(leadership) {
      isWorking = true
      await leadership.outside('select pg_sleep(3600)', 1_000).finally(() => (isWorking = false))
    },
  }
  const first = openLeader(t, pool, { ...HOUR, duties: [duty] })
  await until(() => isWorking, PATIENCE_MS, 'the first to work')
  let isLeading = false
  const next = { ...HOUR, owner: uuidOf('next'), leading: (is: boolean) => void (isLeading = is) }
  openLeader(t, pool, next)
  await first.stop()
  t.notOk(isWorking)
  await until(() => isLeading, PATIENCE_MS, 'the next leader')
})

t.test('a leader that is taken over stops working, and stands again', async (t) => {
  const pool = await openDatabase(t)
  const { log, messages } = keepLines()
  let isAborted = false
  const duty: Duty = {
    name: 'waiting',
    run: ({ signal }) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          isAborted = true
          resolve()
        })
      }),
  }
  openLeader(t, pool, { ...HOUR, duties: [duty], log })
  await until(() => messages.length === 1, PATIENCE_MS, 'a leader')
  await pool.query(
    `update sidelight.lease set owner = gen_random_uuid(), epoch = epoch + 1,
     expires_at = clock_timestamp() + interval '200 ms'`,
  )
  await until(() => messages.length === 3, PATIENCE_MS, 'it to be the leader again')
  t.ok(isAborted)
  t.same(messages, [
    'became the leader',
    'no longer the leader: another collector took over',
    'became the leader',
  ])
  const { rows } = await pool.query('select epoch from sidelight.lease')
  t.same(rows, [{ epoch: '3' }])
})

t.test('a leader that cannot renew its lease works no longer than that is worth', async (t) => {
  const pool = await openDatabase(t)
  const own = createPool({
    connectionString: pool.options.connectionString ?? '',
    max: 2,
    applicationName: 'sidelight-test',
  })
  const { log, messages } = keepLines()
  openLeader(t, pool, { pool: own, log })
  await until(() => messages.length === 1, PATIENCE_MS, 'a leader')
  await own.end()
  await until(() => messages.length === 3, PATIENCE_MS, 'it to notice')
  t.same(messages.slice(1), [
    'no longer the leader: the lease could not be renewed in time',
    'trying for the lead failed; tried again later',
  ])
})

t.test(
  'three leaders, of which the leading one is killed in its work, drop each day once',
  async (t) => {
    const pool = await openDatabase(t)
    const today = await readToday(pool)
    const dropped: string[] = []
    const leading: string[] = []
    const kills = new Map<string, () => Promise<unknown>>()
    const open = (name: string) =>
      kills.set(name, standUntilKilled(t, pool, { name, leading, dropped }))
    for (const name of ['one', 'two', 'three']) open(name)
    for (let round = 0; round < 3; round++) {
      const before = dropped.length
      const days = Array.from({ length: 10 }, (_, i) => today - 60 + round * 10 + i)
      await addDays(pool, days)
      await until(() => dropped.length > before, PATIENCE_MS, 'the leader to work')
      await kills.get(leading.at(-1) ?? '')?.()
      open(`spare ${round}`)
      const isDone = async () => (await daysFromToday(pool)).every((day) => day >= -8)
      await until(isDone, PATIENCE_MS, `the days of round ${round} to go`)
    }
    t.equal(new Set(dropped).size, dropped.length, 'none is dropped twice')
    t.ok(dropped.length >= 27, 'each kill may leave one unsaid')
    t.ok(new Set(leading).size >= 3)
  },
)

interface Watched {
  readonly name: string
  /** The names of those who became the leader, in order. */
  readonly leading: string[]
  /** The partitions that were dropped, by whomever. */
  readonly dropped: string[]
}

/** Returns what kills it: its connections break at once, and it releases nothing. */
function standUntilKilled(t: Test, pool: Pool, { name, leading, dropped }: Watched) {
  const own = createPool({
    connectionString: pool.options.connectionString ?? '',
    max: 2,
    applicationName: name,
    connectionTimeoutMs: CONNECTION_TIMEOUT_MS,
  })
  const write = (line: string) => {
    const { partition, reason } = JSON.parse(line) as { partition?: string; reason?: string }
    if (partition !== undefined && reason !== undefined) dropped.push(partition)
  }
  const duties = createDuties({
    retentionDays: () => 7,
    rollupRetentionDays: 7,
    maxBytes: null,
    log: pino({ level: 'info' }, { write }),
    partition: () => undefined,
    collected: () => undefined,
    thinned: () => undefined,
  })
  let isDead = false
  const leader = openLeader(t, pool, {
    pool: own,
    owner: uuidOf(name),
    duties,
    leading: (is) => void (is && leading.push(name)),
  })
  t.teardown(async () => {
    await leader.stop()
    if (!isDead) await own.end()
  })
  return () => {
    isDead = true
    const ending = own.end()
    return Promise.all([
      ending,
      pool.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
        [name],
      ),
    ])
  }
}

t.test(
  'over one connection a duty that takes long costs neither the lease nor the quick duties',
  async (t) => {
    const pool = await openDatabase(t)
    const connectionString = pool.options.connectionString ?? ''
    const { log, messages } = keepLines()
    let rounds = 0
    const long: Duty = {
      name: 'sleeping',
      run: (leadership) => leadership.outside('select pg_sleep(3600)', 1_000),
    }
    const quick: Duty = {
      name: 'counting',
      async run(leadership) {
        await leadership.query('select')
        rounds++
      },
    }
    const beside = openPool(t, connectionString, 2)
    openLeader(t, pool, {
      ...HOUR,
      pool: openPool(t, connectionString, 1),
      leasePool: beside,
      quickPool: beside,
      duties: [long],
      quickDuties: [quick],
      quickEveryMs: 20,
      log,
    })
    const lease = async () => {
      const { rows } = await pool.query<{ ms: number }>(
        `select extract(epoch from expires_at)::float8 * 1000 as ms from sidelight.lease`,
      )
      return rows[0]?.ms ?? 0
    }
    await until(async () => (await lease()) > 0, PATIENCE_MS, 'a leader')
    const first = await lease()
    await until(async () => (await lease()) > first + TIMES.ttlMs, PATIENCE_MS, 'a longer lease')
    t.ok(rounds > 1)
    t.same(messages, ['became the leader'])
  },
)
