import t from 'tap'
import { copyOut, type BinaryRow } from '../../collector/store/copy-out'
import { Unavailable } from '../../collector/errors'
import { readTogether } from '../../collector/store/queries/read'
import { withClient } from '../../collector/store/session'
import { openDatabase } from './database'

async function rowsOf<T>(
  t: { teardown(fn: () => Promise<void>): void },
  query: string,
  read: (row: BinaryRow) => T,
): Promise<T[]> {
  const pool = await openDatabase(t, { migrated: false })
  const rows: T[] = []
  await withClient(pool, undefined, (client) =>
    copyOut(client, query, (row) => rows.push(read(row))),
  )
  return rows
}

t.test('every type is read as Postgres has it, nulls included', async (t) => {
  const query = `
    select 9223372036854775807::bigint, (-9223372036854775808)::bigint, -5::bigint, 9007199254740993::bigint,
      -7::integer, 1.5::float8, 'infinity'::float8, null::float8, 'é 🎉'::text,
      timestamptz '1999-12-31 23:59:59.999999Z', timestamptz '2262-04-11 23:47:16.854775Z',
      '{1,-2,9007199254740991}'::bigint[], '{}'::bigint[], '{0.5,-2}'::float8[]`
  const [row] = await rowsOf(t, query, (each) => [
    ...[0, 1, 2, 3].map((column) => each.int64(column)),
    each.int32(4),
    each.float64(5),
    each.float64OrNull(6),
    each.float64OrNull(7),
    each.isNull(7),
    each.text(8),
    each.unixMicros(9),
    each.unixMicros(10),
    each.unixMicrosOrNull(7),
    [...each.int64Array(11)],
    [...each.int64Array(12)],
    [...each.float64Array(13)],
  ])
  t.strictSame(row, [
    2n ** 63n - 1n,
    -(2n ** 63n),
    -5,
    2n ** 53n + 1n,
    -7,
    1.5,
    Infinity,
    null,
    true,
    'é 🎉',
    946_684_799_999_999,
    9_223_372_036_854_775,
    null,
    [1, -2, Number.MAX_SAFE_INTEGER],
    [],
    [0.5, -2],
  ])
})

t.test('rows of any length come whole, however they are cut on the way', async (t) => {
  const query = `select n, repeat('x', ((n * n) % 70001)::integer) from generate_series(0::bigint, 3000) as n`
  const rows = await rowsOf(t, query, (row) => [row.int64(0), row.text(1).length])
  t.equal(rows.length, 3001)
  t.ok(rows.every(([n, length]) => length === (Number(n) * Number(n)) % 70_001))
})

t.test('no rows are no rows, and an error of Postgres is thrown', async (t) => {
  t.strictSame(await rowsOf(t, 'select 1::bigint where false', () => 1), [])
  await t.rejects(
    rowsOf(t, 'select 1 / (n - 5000) from generate_series(0, 9000) as n', () => 1),
    { code: '22012' },
  )
})

t.test('a column that is null or not there cannot be read', async (t) => {
  await t.rejects(
    rowsOf(t, 'select null::bigint', (row) => row.int64(0)),
    /cannot read column 0/,
  )
  await t.rejects(
    rowsOf(t, 'select 1::bigint', (row) => row.int64(1)),
    /cannot read column 1/,
  )
})

t.test(
  'one that takes too long, or loses its connection, is Unavailable and never waits on',
  async (t) => {
    const pool = await openDatabase(t, { migrated: false, max: 2 })
    const slow = 'select n, pg_sleep(0.02)::text from generate_series(1::bigint, 1000) as n'
    const late = readTogether(
      pool,
      'the rows',
      ({ client }) => copyOut(client, slow, () => undefined),
      200,
    )
    await t.rejects(late, Unavailable)
    let isCut = false
    const cut = readTogether(pool, 'the rows', async ({ client }) => {
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
      await copyOut(
        client,
        `select n, repeat('x', 100000) from generate_series(1::bigint, 100000) as n`,
        () => {
          if (!isCut) void pool.query('select pg_terminate_backend($1)', [rows[0]?.pid])
          isCut = true
        },
      )
    })
    await t.rejects(cut, Unavailable)
    const aborted = new AbortController()
    const hung = withClient(pool, aborted.signal, (client) =>
      copyOut(client, slow, () => aborted.abort()),
    )
    await t.rejects(hung)
  },
)
