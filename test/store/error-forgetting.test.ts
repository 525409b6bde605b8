import t from 'tap'
import type { Pool } from 'pg'
import { createDuties, createErrorDuties } from '../../collector/store/duties'
import { uuidOf } from '../helpers/rows'
import { silent } from './database'
import {
  actionsOf,
  actionsOn,
  addHash,
  addRelease,
  addThrows,
  ann,
  openErrors,
  openJudging,
  stateOf,
} from './error-groups'
import { takeLead } from './leadership'

const ROLLUP_DAYS = 40
/** A month, a day in a spool, and two. */
const LONGEST_DAYS = ROLLUP_DAYS + 34

async function age(pool: Pool, table: string, days: number, where = 'true'): Promise<void> {
  await pool.query(
    `update sidelight.${table} set last_seen_day = (now() at time zone 'utc')::date - $1::integer where ${where}`,
    [days],
  )
}

/** Collects dictionaries and forgets groups, as the leader does. */
async function collect(pool: Pool, leadership: Awaited<ReturnType<typeof takeLead>>) {
  const duties = [
    ...createDuties({
      retentionDays: () => 7,
      rollupRetentionDays: ROLLUP_DAYS,
      maxBytes: null,
      log: silent,
      partition: () => undefined,
      collected: () => undefined,
      thinned: () => undefined,
    }),
    ...createErrorDuties(openJudging()),
  ]
  for (const name of ['collecting dictionaries', 'forgetting errors']) {
    await duties.find((duty) => duty.name === name)!.run(leadership)
  }
}

t.test('hashes and releases are kept as long as the rollups that name them', async (t) => {
  const pool = await openErrors(t)
  for (const name of ['kept', 'gone']) {
    await addHash(pool, name)
    await addRelease(pool, name)
  }
  for (const [table, column] of [
    ['error_group_hash', 'message'],
    ['release', 'version'],
  ] as const) {
    await age(pool, table, LONGEST_DAYS, `${column} = 'kept'`)
    await age(pool, table, LONGEST_DAYS + 1, `${column} = 'gone'`)
  }
  await collect(pool, await takeLead(t, pool))
  const { rows } = await pool.query(
    `select message as name from sidelight.error_group_hash union all select version from sidelight.release`,
  )
  t.same(rows, [{ name: 'kept' }, { name: 'kept' }])
})

t.test('a group goes with the last of its hashes, its history with it', async (t) => {
  const pool = await openErrors(t)
  const leadership = await takeLead(t, pool)
  const names = ['a', 'b', 'c', 'd']
  await addThrows(pool, ...names.map((of) => ({ of })))
  await openJudging().judgeNews(leadership)
  await actionsOn(pool).mergeErrors({ ...ann('a'), others: [uuidOf('b')] })
  await actionsOn(pool).mergeErrors({ ...ann('c'), others: [uuidOf('d')] })
  await age(pool, 'error_group_hash', LONGEST_DAYS + 1, `message in ('a', 'c', 'd')`)
  await collect(pool, leadership)
  t.equal(await stateOf(pool, 'a'), 'new', 'it has the hash of another')
  t.equal(await stateOf(pool, 'b'), 'new', 'it may be split off again')
  t.same([await stateOf(pool, 'c'), await stateOf(pool, 'd')], [undefined, undefined])
  t.same([await actionsOf(pool, 'c'), await actionsOf(pool, 'd')], [[], []])
  t.same(await actionsOf(pool, 'b'), ['new', 'ann merged'])
  t.equal(await actionsOn(pool).reopenError(ann('a')), uuidOf('a'), 'by the name it has')
})
