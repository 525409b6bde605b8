import t from 'tap'
import { foldErrors } from '../../collector/store/error-folding'
import {
  actionsOf,
  actionsOn,
  addRelease,
  addThrows,
  ann,
  DAY_MS,
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
import { takeLead } from './leadership'

t.test('what throws for the first time is a new group, with its times, told once', async (t) => {
  const pool = await openErrors(t)
  const leadership = await takeLead(t, pool)
  const { judgeNews, counted } = openJudging()
  const atMs = Date.now() - 2 * MINUTE_MS
  await addThrows(pool, { atMs }, { atMs: atMs + 20_000 }, { of: 'b', atMs })
  await judgeNews(leadership)
  await judgeNews(leadership)
  const group = await readGroup(pool)
  t.match(group, { state: 'new', first_seen_at: new Date(atMs) })
  t.same(group?.last_seen_at, new Date(atMs + 20_000))
  t.same(await history(pool), [{ actor: '', action: 'new', details: { reason: 'first_seen' } }])
  t.same(counted, { new: 2 })
})

t.test('when a group was seen last is kept, a minute late at most', async (t) => {
  const pool = await openErrors(t)
  const leadership = await takeLead(t, pool)
  const { judgeNews } = openJudging()
  const atMs = Date.now() - 30 * MINUTE_MS
  await addThrows(pool, { atMs })
  await judgeNews(leadership)
  await addThrows(pool, { atMs: atMs - HOUR_MS }, { atMs: atMs + MINUTE_MS })
  await judgeNews(leadership)
  t.same((await readGroup(pool))?.first_seen_at, new Date(atMs - HOUR_MS), 'late')
  t.same((await readGroup(pool))?.last_seen_at, new Date(atMs + MINUTE_MS))
  const nowMs = Date.now()
  await addThrows(pool, { atMs: nowMs })
  await judgeNews(leadership)
  await addThrows(pool, { atMs: nowMs + 1 })
  await judgeNews(leadership)
  t.same((await readGroup(pool))?.last_seen_at, new Date(nowMs), 'not written every time')
})

t.test('resolved, and thrown again later: regressed, once', async (t) => {
  const pool = await openErrors(t)
  const leadership = await takeLead(t, pool)
  const { judgeNews, counted } = openJudging()
  await addThrows(pool, { atMs: Date.now() - HOUR_MS })
  await judgeNews(leadership)
  await actionsOn(pool).resolveError(now())
  await letPass(pool, 10 * MINUTE_MS)
  await judgeNews(leadership)
  t.equal(await stateOf(pool), 'resolved', 'nothing came since')
  await addThrows(pool, { atMs: Date.now() - MINUTE_MS, release: '' })
  await judgeNews(leadership)
  await judgeNews(leadership)
  t.match(await readGroup(pool), { state: 'regressed', resolved_at: null, resolution: null })
  t.same(await actionsOf(pool), ['new', 'ann resolve', 'regressed'])
  t.match((await history(pool))[2]?.details, {
    reason: 'came_back',
    previous: { state: 'resolved', resolution: { kind: 'now' } },
  })
  t.same(counted, { new: 1, regressed: 1 })
})

t.test('a throw from before the resolution that comes after it regresses nothing', async (t) => {
  const pool = await openErrors(t)
  const leadership = await takeLead(t, pool)
  const { judgeNews, judgeAll } = openJudging()
  await addThrows(pool, { atMs: Date.now() - HOUR_MS })
  await actionsOn(pool).resolveError(now())
  const { resolved_at: at } = (await readGroup(pool))!
  await addThrows(pool, { atMs: at!.getTime() }, { atMs: at!.getTime() - HOUR_MS, level: 2 })
  await judgeNews(leadership)
  await judgeAll(leadership)
  t.equal(await stateOf(pool), 'resolved')
})

t.test('nor does a clock that was known to be ahead, by some minutes', async (t) => {
  const pool = await openErrors(t)
  const leadership = await takeLead(t, pool)
  const { judgeNews } = openJudging()
  const aheadMs = Date.now() + 4 * MINUTE_MS
  await addThrows(pool, { atMs: aheadMs })
  await actionsOn(pool).resolveError(now())
  await judgeNews(leadership)
  t.equal(await stateOf(pool), 'resolved')
  await addThrows(pool, { atMs: aheadMs + 3_000 })
  await judgeNews(leadership)
  t.equal(await stateOf(pool), 'regressed')
})

t.test('what is late and folded at once is found by the look at everything', async (t) => {
  const pool = await openErrors(t)
  const leadership = await takeLead(t, pool)
  const { judgeNews, judgeAll } = openJudging()
  await addThrows(pool, { atMs: Date.now() - 8 * HOUR_MS, level: 2 })
  await addThrows(pool, { of: 'b', atMs: Date.now() - 8 * HOUR_MS, level: 2 })
  await actionsOn(pool).resolveError(now())
  await letPass(pool, 5 * HOUR_MS)
  await addThrows(pool, { atMs: Date.now() - 4 * HOUR_MS, level: 2 })
  await judgeNews(leadership)
  t.same([await stateOf(pool), await stateOf(pool, 'b')], ['resolved', undefined])
  await judgeAll(leadership)
  t.same([await stateOf(pool), await stateOf(pool, 'b')], ['regressed', 'new'])
})

t.test('resolved in a release: older ones do not regress it, it and newer ones do', async (t) => {
  const pool = await openErrors(t)
  const leadership = await takeLead(t, pool)
  const { judgeNews } = openJudging()
  const beganMs = Date.now() - 3 * HOUR_MS
  for (const version of ['1.9.0', '1.10.0']) await addRelease(pool, version, beganMs)
  await addThrows(pool, { atMs: beganMs, release: '1.9.0' })
  await judgeNews(leadership)
  await actionsOn(pool).resolveError({ ...now(), kind: 'in_release' })
  t.equal((await readGroup(pool))?.resolved_release, '1.10.0', 'the newest')
  await letPass(pool, HOUR_MS)
  await addThrows(pool, { atMs: Date.now() - MINUTE_MS, release: '1.9.0' })
  await judgeNews(leadership)
  t.equal(await stateOf(pool), 'resolved', 'a straggler')
  await addThrows(pool, { atMs: Date.now() - MINUTE_MS, release: '1.10.0' })
  await judgeNews(leadership)
  t.equal(await stateOf(pool), 'regressed')
  t.match((await history(pool)).at(-1)?.details, { release: '1.10.0' })
})

t.test(
  'resolved in the next release: it gets it when that is seen, and regresses there',
  async (t) => {
    const pool = await openErrors(t)
    const leadership = await takeLead(t, pool)
    await addRelease(pool, '2.0.0', Date.now() - 3 * HOUR_MS)
    await addThrows(pool, { atMs: Date.now() - 2 * HOUR_MS, release: '2.0.0' })
    await openJudging().judgeNews(leadership)
    await actionsOn(pool).resolveError({ ...now(), kind: 'in_next_release' })
    await letPass(pool, HOUR_MS)
    await addThrows(pool, { atMs: Date.now() - 30 * MINUTE_MS, release: '2.0.0' })
    await openJudging().judgeNews(leadership)
    t.match(await readGroup(pool), { state: 'resolved', resolved_release: null })
    await addRelease(pool, '1.9.9')
    await openJudging().judgeNews(leadership)
    t.match(await readGroup(pool), { state: 'resolved', resolved_release: null }, 'no later one')
    await addRelease(pool, '2.0.1')
    await openJudging().judgeNews(leadership)
    t.match(await readGroup(pool), { state: 'resolved', resolved_release: '2.0.1' })
    await addThrows(pool, { release: '2.0.0' })
    await openJudging().judgeNews(leadership)
    t.equal(await stateOf(pool), 'resolved', 'the old one throws on')
    await addThrows(pool, { release: '2.0.1' })
    await openJudging().judgeNews(leadership)
    t.equal(await stateOf(pool), 'regressed')
    t.same(await actionsOf(pool), ['new', 'ann resolve', 'released', 'regressed'])
  },
)

t.test('a mute ends by its volume, or its time', async (t) => {
  const pool = await openErrors(t)
  const leadership = await takeLead(t, pool)
  const actions = actionsOn(pool)
  await addThrows(pool, { count: 100 }, { of: 'b' }, { of: 'c' })
  await openJudging().judgeNews(leadership)
  await actions.muteError({ ...ann(), untilMs: null, count: 50, minutes: 10 })
  await actions.muteError({
    ...ann('b'),
    untilMs: Date.now() + HOUR_MS,
    count: null,
    minutes: null,
  })
  await actions.muteError({ ...ann('c'), untilMs: null, count: null, minutes: null })
  await addThrows(pool, { count: 49 }, { of: 'b', count: 900 }, { of: 'c', count: 900 })
  await openJudging().judgeNews(leadership)
  t.same(
    await Promise.all(['a', 'b', 'c'].map((name) => stateOf(pool, name))),
    Array(3).fill('muted'),
  )
  await addThrows(pool, { count: 1 })
  await letPass(pool, 0)
  await openJudging().judgeNews(leadership)
  t.equal(await stateOf(pool), 'escalating', '50 within 10 minutes, those before the mute aside')
  await letPass(pool, 2 * HOUR_MS)
  await openJudging().judgeNews(leadership)
  t.same(await stateOf(pool, 'b'), 'ongoing', 'the time is over')
  t.same(await stateOf(pool, 'c'), 'muted', 'for good')
  t.same(await actionsOf(pool, 'b'), ['new', 'ann mute', 'ongoing'])
})

t.test(
  'new becomes ongoing after a week, and what is more than usual escalates and calms',
  async (t) => {
    const pool = await openErrors(t)
    const leadership = await takeLead(t, pool)
    const startMs = Date.now() - 8 * DAY_MS
    await addThrows(
      pool,
      { atMs: startMs, level: 2 },
      { of: 'b', atMs: startMs + 2 * DAY_MS, level: 2 },
    )
    const { judgeAll, judgeNews } = openJudging()
    await judgeAll(leadership)
    await judgeNews(leadership)
    t.same([await stateOf(pool), await stateOf(pool, 'b')], ['ongoing', 'new'])
    await addThrows(pool, { count: 30, severe: 20 }, { of: 'b', count: 21 })
    await openJudging().judgeNews(leadership)
    t.same([await stateOf(pool), await stateOf(pool, 'b')], ['ongoing', 'escalating'])
    t.match((await history(pool, 'b')).at(-1)?.details, { reason: 'burst', count: 21, limit: 20 })
    await letPass(pool, 7 * HOUR_MS)
    await pool.query(
      `update sidelight.error_rollup set bucket = bucket - interval '7 hours' where level = 0`,
    )
    await openJudging().judgeNews(leadership)
    t.equal(await stateOf(pool, 'b'), 'ongoing')
  },
)

t.test('leaders that judge at once, one of them cut off in the middle, judge once', async (t) => {
  const pool = await openErrors(t)
  const names = Array.from({ length: 30 }, (_, n) => `group ${n}`)
  await addThrows(pool, ...names.map((of) => ({ of, atMs: Date.now() - 2 * HOUR_MS })))
  const leader = unfenced(pool)
  await openJudging().judgeNews(leader)
  for (const name of names) await actionsOn(pool).resolveError(now(name))
  await letPass(pool, HOUR_MS)
  await addThrows(pool, ...names.map((of) => ({ of })))
  const dying = {
    ...leader,
    transaction: (work: Parameters<typeof leader.transaction>[0]) =>
      leader.transaction(async (client) => {
        await work(client)
        throw new Error('killed before the commit')
      }),
  }
  const dead = openJudging()
  await t.rejects(dead.judgeNews(dying as typeof leader), { message: 'killed before the commit' })
  t.equal(await stateOf(pool, names[0]), 'resolved')
  const alive = [openJudging(), openJudging(), openJudging()]
  await Promise.all(alive.map(({ judgeNews }) => judgeNews(leader)))
  await openJudging().judgeNews(leader)
  for (const name of names) {
    t.same(await actionsOf(pool, name), ['new', 'ann resolve', 'regressed'], name)
  }
  t.ok(alive.reduce((sum, { counted }) => sum + (counted['regressed'] ?? 0), 0) <= names.length)
  t.same(dead.counted, {}, 'what was not committed is not counted')
})

t.test('people that resolve while throws come: each is before or after', async (t) => {
  const pool = await openErrors(t)
  const leadership = await takeLead(t, pool)
  const { judgeNews } = openJudging()
  await addThrows(pool, { atMs: Date.now() - HOUR_MS })
  await judgeNews(leadership)
  const actions = actionsOn(pool)
  for (let round = 0; round < 10; round++) {
    await Promise.all([
      addThrows(pool, {}),
      actions.resolveError(now()),
      judgeNews(leadership),
      addThrows(pool, {}),
    ])
    await judgeNews(leadership)
    t.equal(await stateOf(pool), 'resolved', 'within the skew of clocks')
  }
  await addThrows(pool, { atMs: Date.now() + 5_000 })
  await judgeNews(leadership)
  t.equal(await stateOf(pool), 'regressed')
})

t.test('folded between two looks, throws are judged as they are', async (t) => {
  const pool = await openErrors(t)
  const leadership = await takeLead(t, pool)
  const { judgeNews } = openJudging()
  await addThrows(pool, { atMs: Date.now() - 2 * HOUR_MS })
  await judgeNews(leadership)
  await foldErrors(leadership, () => undefined)
  await actionsOn(pool).resolveError(now())
  await letPass(pool, HOUR_MS)
  await judgeNews(leadership)
  t.equal(await stateOf(pool), 'resolved')
  await addThrows(pool, { atMs: Date.now() - 75_000 })
  await foldErrors(leadership, () => undefined)
  await judgeNews(leadership)
  t.equal(await stateOf(pool), 'regressed', 'in a minute that is over, before it was looked at')
})
