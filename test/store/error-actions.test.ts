import t from 'tap'
import type { Pool } from 'pg'
import { uuidOf } from '../helpers/rows'
import { until } from '../helpers/until'
import { countWaiting } from './database'
import {
  actionsOf,
  actionsOn,
  addHash,
  addRelease,
  addThrows,
  ann,
  history,
  HOUR_MS,
  letPass,
  MINUTE_MS,
  now,
  openErrors,
  openJudging,
  readGroup,
  stateOf,
  unfenced,
} from './error-groups'

const PATIENCE_MS = 10_000
const BAD_DATA = { name: 'BadData' }

/** Throws of each group, through its hashes. */
async function countByGroup(pool: Pool): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ id: string; count: number }>(
    `select h.group_id as id, sum(r.occurrence_count)::int as count from sidelight.error_rollup r
     join sidelight.error_group_hash h on h.id = r.error_hash group by h.group_id`,
  )
  return Object.fromEntries(rows.map(({ id, count }) => [id, count]))
}

async function readAll(pool: Pool, table: string): Promise<unknown[]> {
  return (await pool.query(`select * from sidelight.${table} order by 1, 3`)).rows as unknown[]
}

t.test('who did what when is told, with what was before', async (t) => {
  const pool = await openErrors(t)
  const actions = actionsOn(pool)
  await addThrows(pool, { atMs: Date.now() - HOUR_MS })
  const id = uuidOf('a')
  t.equal(await actions.assignError({ ...ann(), assignee: 'bob' }), id)
  t.equal(await actions.assignError({ ...ann(), assignee: 'bob' }), id, 'he is already')
  t.equal(await actions.resolveError({ ...now(), actor: 'bob', notes: 'retries' }), id)
  t.match(await readGroup(pool), { state: 'resolved', resolved_by: 'bob', resolution: 'now' })
  t.equal(await actions.reopenError(ann()), id)
  t.equal(await actions.reopenError(ann()), id, 'it is open')
  const untilMs = Date.now() + HOUR_MS
  t.equal(await actions.muteError({ ...ann(), untilMs, count: 5, minutes: 60 }), id)
  t.match(await readGroup(pool), { state: 'muted', muted_until: new Date(untilMs) })
  t.equal(await actions.assignError({ ...ann(), assignee: null }), id)
  t.match(await history(pool), [
    { actor: '', action: 'new' },
    { actor: 'ann', action: 'assign', details: { assignee: 'bob', previous: { assignee: null } } },
    { actor: 'bob', action: 'resolve', details: { notes: 'retries', previous: { state: 'new' } } },
    { actor: 'ann', action: 'reopen', details: { state: 'new', previous: { state: 'resolved' } } },
    { actor: 'ann', action: 'mute', details: { count: 5, minutes: 60 } },
    { actor: 'ann', action: 'assign', details: { previous: { assignee: 'bob' } } },
  ])
  t.equal((await history(pool)).length, 6)
})

t.test('texts with half a character are taken, as far as they are text', async (t) => {
  const pool = await openErrors(t)
  const actions = actionsOn(pool)
  await addThrows(pool, {})
  const half = 'a\ud83d'
  t.equal(await actions.resolveError({ ...now(), actor: half, notes: half }), uuidOf('a'))
  t.equal(await actions.assignError({ ...ann(), assignee: half }), uuidOf('a'))
  t.match(await readGroup(pool), { assignee: 'a\ufffd', resolution_notes: 'a\ufffd' })
  t.match(await history(pool), [{}, { actor: 'a\ufffd', details: { notes: 'a\ufffd' } }, {}])
})

t.test('reopened is as what it was resolved or muted, however often', async (t) => {
  const pool = await openErrors(t)
  const actions = actionsOn(pool)
  await addThrows(pool, {})
  const mute = { ...ann(), untilMs: null, count: null, minutes: null }
  await actions.resolveError(now())
  await pool.query(`update sidelight.error_group set state = 'regressed'`)
  await actions.muteError(mute)
  await actions.resolveError(now())
  await actions.resolveError(now())
  await actions.reopenError(ann())
  t.match(await readGroup(pool), { state: 'regressed', resolved_at: null, muted_at: null })
})

t.test('what cannot be done is refused, and changes nothing', async (t) => {
  const pool = await openErrors(t)
  const actions = actionsOn(pool)
  await addThrows(pool, {}, { of: 'b' })
  await addHash(pool, 'other service', { service: 'bank' })
  await addHash(pool, 'other tenant', { tenant: 'acme' })
  const mute = { ...ann(), untilMs: null, count: null, minutes: null }
  const unknown = uuidOf('unknown')
  const refused: [string, () => Promise<unknown>][] = [
    ['a release of none', () => actions.resolveError({ ...now(), kind: 'in_release' })],
    ['the next of none', () => actions.resolveError({ ...now(), kind: 'in_next_release' })],
    ['now, in a release', () => actions.resolveError({ ...now(), release: '1.0.0' })],
    ['until a time that has passed', () => actions.muteError({ ...mute, untilMs: 1 })],
    ['a volume without time', () => actions.muteError({ ...mute, count: 5 })],
    ['a time without volume', () => actions.muteError({ ...mute, minutes: 5 })],
    ['no volume', () => actions.muteError({ ...mute, count: 0, minutes: 5 })],
    ['part of a volume', () => actions.muteError({ ...mute, count: 1.5, minutes: 5 })],
    ['a volume of months', () => actions.muteError({ ...mute, count: 5, minutes: 99_999 })],
    ['a merge with itself', () => actions.mergeErrors({ ...ann(), others: [uuidOf('a')] })],
    ['a merge with nothing', () => actions.mergeErrors({ ...ann(), others: [] })],
    ['a merge with what is not', () => actions.mergeErrors({ ...ann(), others: [unknown] })],
    ['a merge with no id', () => actions.mergeErrors({ ...ann(), others: ['b'] })],
    [
      'a merge across services',
      () => actions.mergeErrors({ ...ann(), others: [uuidOf('b'), uuidOf('other service')] }),
    ],
    [
      'a merge across tenants',
      () => actions.mergeErrors({ ...ann(), others: [uuidOf('other tenant')] }),
    ],
    ['all hashes', () => actions.splitError({ ...ann(), hashes: [uuidOf('a')] })],
    ['no hash', () => actions.splitError({ ...ann(), hashes: [] })],
    ['what is no hash', () => actions.splitError({ ...ann(), hashes: ['b'] })],
    ['a hash of another', () => actions.splitError({ ...ann(), hashes: [uuidOf('b')] })],
  ]
  for (const [what, act] of refused) await t.rejects(act(), BAD_DATA, what)
  t.same(await readAll(pool, 'error_group'), [])
  t.same(await readAll(pool, 'error_group_event'), [])
  await addRelease(pool, '1.0.0')
  const release = { ...now(), kind: 'in_release', release: '2.0.0' } as const
  await t.rejects(actions.resolveError(release), BAD_DATA, 'a release that is not')
  t.equal(await actions.resolveError({ ...release, release: '1.0.0' }), uuidOf('a'))
})

t.test('there is no group of another tenant, nor one that never was', async (t) => {
  const pool = await openErrors(t)
  const actions = actionsOn(pool)
  await addHash(pool, 'a', { tenant: 'acme' })
  await addHash(pool, 'b', { tenant: 'other' })
  t.equal(await actions.resolveError({ ...now(), tenant: 'other' }), null)
  t.equal(await actions.resolveError({ ...now('b'), tenant: 'other' }), uuidOf('b'))
  t.equal(await actions.resolveError({ ...now('a'), tenant: null }), uuidOf('a'))
  t.equal(await actions.reopenError(ann('unknown')), null)
  t.equal(await actions.reopenError({ ...ann(), id: 'no id' }), null)
  const merge = { ...ann('a'), tenant: 'acme', others: [uuidOf('b')] }
  await t.rejects(actions.mergeErrors(merge), { message: /there is no such error/ })
})

t.test(
  'merged and split again everything is as before, and no throw was written anew',
  async (t) => {
    const pool = await openErrors(t)
    const actions = actionsOn(pool)
    const atMs = Date.now() - 5 * HOUR_MS
    await addThrows(
      pool,
      { of: 'a', atMs, count: 3 },
      { of: 'b', atMs: atMs - HOUR_MS, count: 4 },
      { of: 'b', atMs: atMs + HOUR_MS, count: 1 },
      { of: 'c', atMs: atMs + 2 * HOUR_MS, count: 5 },
    )
    const { judgeNews } = openJudging()
    await judgeNews(unfenced(pool))
    await openJudging().judgeAll(unfenced(pool))
    await actions.muteError({ ...ann('b'), untilMs: null, count: null, minutes: null })
    await actions.assignError({ ...ann('c'), assignee: 'bob' })
    const groups = await readAll(pool, 'error_group')
    const rollups = await readAll(pool, 'error_rollup')
    const counts = await countByGroup(pool)
    t.same(counts, { [uuidOf('a')]: 3, [uuidOf('b')]: 5, [uuidOf('c')]: 5 })

    const others = [uuidOf('c'), uuidOf('b').toUpperCase(), uuidOf('b')]
    t.equal(await actions.mergeErrors({ ...ann(), others }), uuidOf('a'))
    t.same(await countByGroup(pool), { [uuidOf('a')]: 13 })
    t.match(await readGroup(pool), {
      state: 'new',
      assignee: 'bob',
      first_seen_at: new Date(atMs - HOUR_MS),
      last_seen_at: new Date(atMs + 2 * HOUR_MS),
    })
    t.equal(await actions.assignError({ ...ann('b'), assignee: null }), uuidOf('a'), 'by a hash')
    t.same(await actionsOf(pool, 'b'), ['new', 'ann mute', 'ann merged'], 'its history stays')
    t.match((await history(pool)).find(({ action }) => action === 'merge')?.details, {
      groups: ['b', 'c']
        .map(uuidOf)
        .sort()
        .map((id) => ({ id, hashes: [id] })),
      previous: { assignee: null },
    })

    t.equal(await actions.splitError({ ...ann('b'), hashes: [uuidOf('b')] }), uuidOf('b'))
    t.equal(await actions.splitError({ ...ann('a'), hashes: [uuidOf('c')] }), uuidOf('c'))
    t.same(await countByGroup(pool), counts)
    t.same(await readAll(pool, 'error_group'), groups)
    t.same(await readAll(pool, 'error_rollup'), rollups)
    t.same(await actionsOf(pool, 'b'), ['new', 'ann mute', 'ann merged', 'ann split_off'])
  },
)

t.test('groups of several hashes are merged into others, and split off again as one', async (t) => {
  const pool = await openErrors(t)
  const actions = actionsOn(pool)
  await addThrows(pool, { of: 'a' }, { of: 'b' }, { of: 'c' }, { of: 'd' })
  await actions.mergeErrors({ ...ann('b'), others: [uuidOf('c')] })
  await actions.mergeErrors({ ...ann('a'), others: [uuidOf('c'), uuidOf('d')] })
  t.same(await countByGroup(pool), { [uuidOf('a')]: 4 })
  const named = { ...ann('a'), hashes: [uuidOf('a'), uuidOf('d')] }
  await t.rejects(actions.splitError(named), { message: /named by it/ })
  const hashes = [uuidOf('b'), uuidOf('c')]
  t.equal(await actions.splitError({ ...ann('a'), hashes }), uuidOf('b'))
  t.same(await countByGroup(pool), { [uuidOf('a')]: 2, [uuidOf('b')]: 2 })
  t.equal(await actions.resolveError(now('c')), uuidOf('b'))
})

t.test('a group that never stood alone stands as the one it is split off from', async (t) => {
  const pool = await openErrors(t)
  const actions = actionsOn(pool)
  await addThrows(pool, { of: 'a' }, { of: 'b' })
  await pool.query('update sidelight.error_group_hash set group_id = $1', [uuidOf('a')])
  await actions.resolveError({ ...now('b'), notes: 'fixed' })
  await actions.splitError({ ...ann('a'), hashes: [uuidOf('b')] })
  t.match(await readGroup(pool, 'b'), { state: 'resolved', resolution_notes: 'fixed' })
})

t.test(
  'what is merged into a resolved group does not regress it, what comes then does',
  async (t) => {
    const pool = await openErrors(t)
    const actions = actionsOn(pool)
    await addThrows(pool, { of: 'a', atMs: Date.now() - 2 * HOUR_MS })
    await actions.resolveError(now())
    await letPass(pool, HOUR_MS)
    await addThrows(pool, { of: 'b', atMs: Date.now() - MINUTE_MS })
    await actions.mergeErrors({ ...ann(), others: [uuidOf('b')] })
    await openJudging().judgeNews(unfenced(pool))
    t.equal(await stateOf(pool), 'resolved')
    await addThrows(pool, { of: 'b', atMs: Date.now() + 5_000 })
    await openJudging().judgeNews(unfenced(pool))
    t.equal(await stateOf(pool), 'regressed')
    t.equal(await stateOf(pool, 'b'), 'new', 'left as it was')
  },
)

t.test('those who merge the same groups at once do not stand in each other’s way', async (t) => {
  const pool = await openErrors(t)
  const actions = actionsOn(pool)
  const names = ['a', 'b', 'c', 'd']
  for (let round = 0; round < 5; round++) {
    await addThrows(pool, ...names.map((of) => ({ of })))
    await Promise.allSettled([
      actions.mergeErrors({ ...ann('a'), others: [uuidOf('b'), uuidOf('c')] }),
      actions.mergeErrors({ ...ann('c'), others: [uuidOf('d'), uuidOf('a')] }),
      actions.resolveError(now('d')),
      openJudging().judgeNews(unfenced(pool)),
    ]).then((outcomes) => {
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') t.match(outcome.reason, BAD_DATA, 'they are one by then')
      }
    })
    const { rows } = await pool.query(
      `select count(distinct group_id)::int as groups, bool_and(exists (
         select from sidelight.error_group g where g.id = group_id)) as rows
       from sidelight.error_group_hash`,
    )
    t.match(rows, [{ groups: Number, rows: true }])
    await pool.query('update sidelight.error_group_hash set group_id = id')
  }
})

t.test(
  'an action waits for what changes the group, and then sees it as it has become',
  async (t) => {
    const pool = await openErrors(t)
    const actions = actionsOn(pool)
    await addThrows(pool, { of: 'a' }, { of: 'b' })
    await openJudging().judgeNews(unfenced(pool))
    const client = await pool.connect()
    await client.query('begin')
    await client.query('select from sidelight.error_group where id = $1 for update', [uuidOf('b')])
    const resolved = actions.resolveError(now('b'))
    await until(async () => (await countWaiting(pool)) === 1, PATIENCE_MS, 'the action to wait')
    await client.query('update sidelight.error_group_hash set group_id = $1', [uuidOf('a')])
    await client.query('commit')
    client.release()
    t.equal(await resolved, uuidOf('a'), 'it was merged meanwhile')
    t.same([await stateOf(pool), await stateOf(pool, 'b')], ['resolved', 'new'])
  },
)
