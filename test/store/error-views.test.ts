import type { Pool } from 'pg'
import t from 'tap'
import { MAJORS } from '../helpers/postgres'
import {
  groupOf,
  HOUR_MS,
  insertRollups,
  openThrows,
  throwAtRandom,
  uuidOf,
  type Throw,
} from './seed-throws'

async function insertGroup(pool: Pool, group: number, columns: Readonly<Record<string, unknown>>) {
  const row = {
    id: uuidOf(group),
    tenant: '',
    namespace: 'shops',
    service: 'till',
    first_seen_at: '2026-11-20T00:00:00Z',
    last_seen_at: '2026-11-24T15:00:00Z',
    ...columns,
  }
  const names = Object.keys(row)
  await pool.query(
    `insert into sidelight.error_group (${names.join(', ')}) values (${names.map((_, i) => `$${i + 1}`).join(', ')})`,
    Object.values(row),
  )
}

/** What is thrown by the group of each. */
function byGroup(throws: readonly Throw[]): Map<string, Throw[]> {
  const groups = new Map<string, Throw[]>()
  for (const each of throws) {
    const id = uuidOf(groupOf(Number.parseInt(each.hash.slice(-12), 16)))
    groups.set(id, [...(groups.get(id) ?? []), each])
  }
  return groups
}

for (const major of MAJORS) {
  t.test(`on Postgres ${major}, the counts of groups are those of their throws`, async (t) => {
    const pool = await openThrows(t, major)
    const throws = throwAtRandom(300)
    await insertRollups(pool, throws)
    const groups = byGroup(throws)
    const { rows } = await pool.query('select * from sidelight.errors order by id')
    t.equal(rows.length, 4)
    for (const row of rows as Record<string, unknown>[]) {
      const own = groups.get(String(row['id'])) ?? []
      const times = own.map(({ timeMs }) => timeMs)
      const releases = [...new Set(own.map(({ release }) => release))].filter(Boolean)
      const firstMs = (release: string) =>
        Math.min(...own.filter((each) => each.release === release).map(({ timeMs }) => timeMs))
      t.match(row, {
        state: 'new',
        service: 'till',
        namespace: 'shops',
        message: 'no <int>',
        occurrence_count: String(own.length),
        severe_count: String(own.filter(({ severity }) => severity >= 17).length),
        unhandled_count: String(own.filter(({ isHandled }) => !isHandled).length),
        first_seen: new Date(Math.min(...times)),
        last_seen: new Date(Math.max(...times)),
        releases: releases.sort((a, b) => firstMs(a) - firstMs(b)),
      })
    }
  })
}

t.test('users are counted exactly below 64, and within a quarter when many', async (t) => {
  const pool = await openThrows(t)
  const throws = throwAtRandom(4_000)
  const few = throws.filter(({ hash }) => hash === uuidOf(3)).slice(0, 40)
  const many = throws.filter(({ hash }) => hash === uuidOf(1) || hash === uuidOf(5))
  // Users whose hashes are spread as a hash spreads them.
  const spread = many.map((each, at) => ({
    ...each,
    user: BigInt.asIntN(64, BigInt(at % 700) * 0x9e3779b97f4a7c15n),
  }))
  await insertRollups(pool, [...few, ...spread])
  const { rows } = await pool.query(
    'select id, user_count::int as users from sidelight.errors order by id',
  )
  const users = new Map((rows as { id: string; users: number }[]).map((row) => [row.id, row.users]))
  const exact = (of: readonly Throw[]) =>
    new Set(of.flatMap(({ user }) => (user === null ? [] : [user]))).size
  t.equal(users.get(uuidOf(3)), exact(few))
  const told = users.get(uuidOf(1)) ?? 0
  t.ok(Math.abs(told - exact(spread)) < exact(spread) / 4, `${told} for ${exact(spread)}`)
  t.equal(users.get(uuidOf(4)), 0)
})

t.test('a group is shown as people and the leader left it', async (t) => {
  const pool = await openThrows(t)
  await insertGroup(pool, 1, {
    state: 'resolved',
    assignee: 'ann',
    resolution: 'in_next_release',
    resolved_release: '1.2.0',
    resolved_at: '2026-11-24T12:30:00Z',
    resolved_by: 'ben',
    resolution_notes: 'a fix',
  })
  await insertGroup(pool, 2, { state: 'regressed', resolved_at: '2026-11-24T12:30:00Z' })
  const { rows } = await pool.query(
    `select state, assignee, resolution, resolved_release, first_seen, last_seen
     from sidelight.errors where id = any($1) order by id`,
    [[uuidOf(1), uuidOf(2)]],
  )
  const seen = {
    first_seen: new Date('2026-11-20T00:00:00Z'),
    last_seen: new Date('2026-11-24T15:00:00Z'),
  }
  t.same(rows, [
    {
      state: 'resolved',
      assignee: 'ann',
      resolution: 'in_next_release',
      resolved_release: '1.2.0',
      ...seen,
    },
    { state: 'regressed', assignee: null, resolution: null, resolved_release: null, ...seen },
  ])
  const aggregation = await pool.query(
    `select error_type, error_code, error_hash, module, operation, resolved, resolved_at, resolved_by, resolution_notes
     from sidelight.error_aggregation where id = any($1) order by id`,
    [[uuidOf(1), uuidOf(2)]],
  )
  const about = { error_code: 'E1', module: 'orders', operation: 'GET /' }
  t.same(aggregation.rows, [
    {
      ...about,
      error_type: 'Error1',
      error_hash: uuidOf(1).replaceAll('-', ''),
      resolved: true,
      resolved_at: new Date('2026-11-24T12:30:00Z'),
      resolved_by: 'ben',
      resolution_notes: 'a fix',
    },
    {
      ...about,
      error_type: 'Error2',
      error_hash: uuidOf(2).replaceAll('-', ''),
      resolved: false,
      resolved_at: null,
      resolved_by: null,
      resolution_notes: null,
    },
  ])
})

t.test('a group is one row whether its first hash is elsewhere or gone', async (t) => {
  const pool = await openThrows(t)
  const groups = async () => {
    const { rows } = await pool.query<{ id: string; error_hash: string }>(
      'select id, error_hash from sidelight.errors order by id',
    )
    return rows.map((row) => [row.id, row.error_hash])
  }
  const move = (hash: number, group: number) =>
    pool.query('update sidelight.error_group_hash set group_id = $2 where id = $1', [
      uuidOf(hash),
      uuidOf(group),
    ])
  await move(3, 4)
  await move(1, 4)
  t.same(await groups(), [
    [uuidOf(1), uuidOf(5)],
    [uuidOf(2), uuidOf(2)],
    [uuidOf(4), uuidOf(4)],
  ])
  await pool.query('delete from sidelight.error_group_hash where id = $1', [uuidOf(4)])
  t.same((await groups())[2], [uuidOf(4), uuidOf(1)], 'the oldest that is left speaks for it')
})

t.test('an hour of a class and module counts each throw once', async (t) => {
  const pool = await openThrows(t)
  const throws = throwAtRandom(300)
  await insertRollups(pool, throws)
  await insertGroup(pool, 1, { state: 'muted' })
  await insertGroup(pool, 2, { state: 'resolved' })
  await insertGroup(pool, 3, { state: 'ongoing' })
  const quiet = new Set([uuidOf(1), uuidOf(2)])
  const wanted = new Map<string, { groups: Set<string>; open: Set<string>; total: number }>()
  for (const [group, own] of byGroup(throws)) {
    for (const { timeMs, operation, hash, severity } of own) {
      const hour = new Date(timeMs - (timeMs % HOUR_MS)).toISOString()
      const module = operation === 2 ? 'orders' : 'stock'
      const key = [hour, module, `Error${Number.parseInt(hash.slice(-12), 16) % 3}`].join()
      const part = wanted.get(key) ?? { groups: new Set(), open: new Set(), total: 0 }
      part.groups.add(group)
      if (severity >= 17 && !quiet.has(group)) part.open.add(group)
      part.total++
      wanted.set(key, part)
    }
  }
  const { rows } = await pool.query<Record<string, unknown>>(
    'select * from sidelight.error_summary',
  )
  const told = rows.map((row) => [
    [(row['hour'] as Date).toISOString(), row['module'], row['error_type']].join(),
    [row['error_groups'], row['total_occurrences'], row['unresolved_groups']],
  ])
  t.same(
    new Map(told as [string, string[]][]),
    new Map(
      [...wanted].map(([key, { groups, open, total }]) => [
        key,
        [String(groups.size), String(total), String(open.size)],
      ]),
    ),
  )
})

t.test('a query of groups pays for the counts it names alone', async (t) => {
  const pool = await openThrows(t)
  const explain = async (columns: string) => {
    const { rows } = await pool.query<{ 'QUERY PLAN': string }>(
      `explain select ${columns} from sidelight.errors where service = 'till' and state = 'new'`,
    )
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  }
  t.notMatch(await explain('id, state, class, message'), 'error_rollup')
  t.match(await explain('id, occurrence_count'), /Index Scan [^]*error_rollup_202611/)
})
