import t from 'tap'
import { readStatement } from '../../instrumentation/libraries/statement'

/** Text, operation and tables (the summary), shown text. */
const POSTGRES: [string, string, string][] = [
  [
    `select * from "public"."users" u where name = 'O''Brien' and x = 5.5e3`,
    'SELECT public.users',
    'select * from "public"."users" u where name = ? and x = ?',
  ],
  [`select a from t where b = E'x\\'y' and c`, 'SELECT t', 'select a from t where b = ? and c'],
  ['select $$it is secret$$, $x$a $$ b$x$ from t', 'SELECT t', 'select ?, ? from t'],
  ['select a from t where id in (1, 2,3)', 'SELECT t', 'select a from t where id in (?)'],
  [`select 'never closed`, 'SELECT', 'select ?'],
  ['/* user 17 */ delete from t -- secret\nwhere a = 1', 'DELETE t', 'delete from t \nwhere a = ?'],
  ['select /* a /* b */ c */ 1 from t', 'SELECT t', 'select  ? from t'],
  [
    'select extract(year from made) from t where a is distinct from b',
    'SELECT t',
    'select extract(year from made) from t where a is distinct from b',
  ],
  [
    'with recent as (select * from orders) update users set a = b from recent',
    'UPDATE orders users',
    'with recent as (select * from orders) update users set a = b from recent',
  ],
  [
    'insert into t (a, b) select a, b from u',
    'INSERT t u',
    'insert into t (a, b) select a, b from u',
  ],
  ['select * from a, b x, c', 'SELECT a b c', 'select * from a, b x, c'],
  ['select * from generate_series(1, 9)', 'SELECT', 'select * from generate_series(?, ?)'],
  [
    'create table if not exists t (a int)',
    'CREATE TABLE t',
    'create table if not exists t (a int)',
  ],
  ['begin; select 1; select 2', 'BEGIN; SELECT', 'begin; select ?; select ?'],
]

const MYSQL: [string, string, string][] = [
  [
    'select * from `shop`.`users` where name = "a\\"b" # secret\n and y = 0xff',
    'SELECT shop.users',
    'select * from `shop`.`users` where name = ? \n and y = ?',
  ],
  ['select 5--5 from t', 'SELECT t', 'select ?--? from t'],
  ["call refresh('secret')", 'CALL refresh', 'call refresh(?)'],
  ['insert ignore into t values (1)', 'INSERT t', 'insert ignore into t values (?)'],
]

t.test('a statement is read without its values', (t) => {
  for (const [dialect, rows] of [
    ['postgresql', POSTGRES],
    ['mysql', MYSQL],
  ] as const) {
    for (const [sql, summary, text] of rows) {
      const statement = readStatement(sql, dialect, false)
      t.same([statement.summary, statement.text], [summary, text], sql)
    }
  }
  t.end()
})

t.test('a text whose values travel apart from it is shown as it is', (t) => {
  const sql = "select 'given' from t where a = $1"
  t.equal(readStatement(sql, 'postgresql', true).text, sql)
  t.end()
})

t.test('operation, table and procedure are told where there is one', (t) => {
  t.match(readStatement('select * from t', 'mysql', false), {
    operation: 'SELECT',
    collection: 't',
  })
  t.equal(readStatement('select * from a join b', 'mysql', false).collection, undefined)
  t.match(readStatement('insert into t values (1); insert into t values (2)', 'mysql', false), {
    operation: 'BATCH INSERT',
    count: 2,
    collection: 't',
  })
  t.equal(readStatement('call refresh()', 'mysql', false).procedure, 'refresh')
  t.end()
})

t.test('whatever the text is, no literal is shown and it is cut', (t) => {
  const long = readStatement(
    `insert into t values ${"('secret'), ".repeat(10_000)}`,
    'mysql',
    false,
  )
  t.equal(long.text.length, 4096)
  t.notMatch(long.text, /secret/)
  const marks = `'"\`$#-/*;(),.? \\E1aN\n`
  let seed = 7
  for (let round = 0; round < 5_000; round += 1) {
    let sql = 'select '
    for (let length = round % 40; length > 0; length -= 1) {
      seed = (seed * 48_271) % 2_147_483_647
      sql += marks[seed % marks.length] ?? ''
    }
    for (const dialect of ['postgresql', 'mysql'] as const) {
      const { text } = readStatement(`select 'secret', ${sql}`, dialect, false)
      if (text.includes('secret')) t.fail(sql)
    }
  }
  t.end()
})
