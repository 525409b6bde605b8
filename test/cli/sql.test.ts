import { readFileSync } from 'node:fs'
import { PassThrough, Writable } from 'node:stream'
import { Client } from 'pg'
import t from 'tap'
import { runSql } from '../../collector/cli/sql'
import { withDatabase } from '../helpers/postgres'
import { until } from '../helpers/until'
import { createStreams } from './streams'

async function run(databaseUrl: string, args: string[], input = '') {
  const streams = createStreams(input)
  const code = await runSql(args, { DATABASE_URL: databaseUrl }, streams)
  return { code, ...streams.written }
}

t.test('sql on a database', async (t) => {
  const { connectionString: url } = await withDatabase(t)

  t.test('-c prints a table and the row count', async (t) => {
    const { code, stdout, stderr } = await run(url, ['-c', 'select 1 as one, null as nothing'])
    t.strictSame([code, stderr], [0, ''])
    t.equal(stdout, 'one | nothing\n----+--------\n  1 | null\n(1 row)\n')
  })

  t.test('several statements and several -c answer in order', async (t) => {
    const { stdout } = await run(url, ['--csv', '-c', 'select 1 a; select 2 b', '-c', 'select 3 c'])
    t.equal(stdout, 'a\n1\nb\n2\nc\n3\n')
  })

  t.test('names without a schema are found in sidelight', async (t) => {
    const { code, stdout } = await run(url, ['--csv', '-c', 'select count(*) from span'])
    t.strictSame([code, stdout], [0, 'count\n0\n'])
  })

  t.test('what there is can be asked for as at the prompt', async (t) => {
    const { code, stdout } = await run(url, ['--csv', '-c', '\\d', '-c', '\\d cost_daily'])
    t.equal(code, 0)
    t.match(stdout, /^v_alert_conditions,view,/m)
    t.match(stdout, /^cost_usd,/m)
  })

  t.test('all that README.md and the quickstart ask is understood', async (t) => {
    for (const page of ['README.md', 'deploy/quickstart.md']) {
      const asked =
        /sidelight sql (?:--csv )?-c "(?<command>select [^"]+)"|`(?<cell>select [^`]+)`/g
      const found = [...readFileSync(page, 'utf8').matchAll(asked)]
      t.ok(found.length > 2, page)
      for (const { groups } of found) {
        const statement = groups?.['command'] ?? groups?.['cell'] ?? ''
        t.match(await run(url, ['-c', statement]), { code: 0, stderr: '' }, statement)
      }
    }
  })

  t.test('a refused statement exits 1 with its SQLSTATE and place', async (t) => {
    const { code, stdout, stderr } = await run(url, ['-c', "select '😀',\n  nope"])
    t.strictSame([code, stdout], [1, ''])
    t.equal(stderr, 'ERROR 42703: column "nope" does not exist\nLINE 2:   nope\n          ^\n')
  })

  t.test('what follows a failure is not run', async (t) => {
    const { code, stdout } = await run(url, ['--csv', '-c', 'select 1/0', '-c', 'select 2'])
    t.strictSame([code, stdout], [1, ''])
  })

  t.test('standard input is run statement by statement', async (t) => {
    const input = "create temp table t (x text);\ninsert into t values (';');\nselect x from t"
    const { code, stdout } = await run(url, [], input)
    t.strictSame([code, stdout], [0, 'CREATE TABLE\nINSERT 0 1\nx\n-\n;\n(1 row)\n'])
  })

  t.test('copy to stdout is passed on, copy from stdin is refused', async (t) => {
    t.match(await run(url, ['-c', "copy (select 'a', 1) to stdout"]), { code: 0, stdout: 'a\t1\n' })
    const { code, stderr } = await run(url, [], 'create temp table t (x int);\ncopy t from stdin;')
    t.equal(code, 1)
    t.match(stderr, /no data to copy/)
  })

  t.test('a large result goes through whole', async (t) => {
    const { stdout } = await run(url, ['--json', '-c', 'select i from generate_series(1, 50000) i'])
    t.equal(stdout.trimEnd().split('\n').length, 50_000)
  })

  t.test('a reader that goes away ends it quietly', async (t) => {
    const streams = createStreams()
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) })
    const args = ['--csv', '-c', 'select i from generate_series(1, 10000000) i']
    t.equal(await runSql(args, { DATABASE_URL: url }, { ...streams, stdout }), 0)
    t.equal(streams.written.stderr, '')
  })

  t.test('a connection that is lost ends it', async (t) => {
    const input = 'select pg_terminate_backend(pg_backend_pid()); select 1;'
    t.match(await run(url, [], input), { code: 1, stdout: '', stderr: /^ERROR 57P01/ })
  })

  t.test('notices go to standard error', async (t) => {
    const { code, stdout, stderr } = await run(url, ['-c', 'drop table if exists nothing_here'])
    t.strictSame([code, stdout], [0, 'DROP TABLE\n'])
    t.match(stderr, /^NOTICE: table "nothing_here" does not exist/)
  })
})

t.test(
  'the prompt runs statements over several lines, lists relations, survives errors',
  async (t) => {
    const { connectionString: url } = await withDatabase(t)
    const input = [
      'select 1',
      ' as one;',
      'select nope;',
      '\\d',
      '\\d scope',
      '\\x',
      '\\q',
      "select 'never' || 'more';",
    ]
    const streams = createStreams(`${input.join('\n')}\n`)
    const tty = { isTTY: true }
    const stdin = Object.assign(streams.stdin, tty)
    const stdout = Object.assign(streams.stdout, tty)
    t.equal(await runSql([], { DATABASE_URL: url }, { ...streams, stdin, stdout }), 0)
    t.match(streams.written.stdout, /sidelight-> .*one\r?\n---\r?\n *1\r?\n\(1 row\)/s)
    t.match(streams.written.stdout, /^span +\| table/m)
    t.match(streams.written.stdout, /^schema_url +\| text +\| not null/m)
    t.match(streams.written.stderr, /ERROR 42703/)
    t.match(streams.written.stderr, /there is no \\x/)
    t.notMatch(streams.written.stdout, /nevermore/)
  },
)

t.test('Ctrl-C gives up the statement that runs, and the prompt goes on', async (t) => {
  const { connectionString: url } = await withDatabase(t)
  const observer = new Client({ connectionString: url })
  await observer.connect()
  t.teardown(() => observer.end())
  const streams = createStreams()
  const stdin = Object.assign(new PassThrough(), { isTTY: true })
  const stdout = Object.assign(streams.stdout, { isTTY: true })
  const ended = runSql([], { DATABASE_URL: url }, { ...streams, stdin, stdout })
  stdin.write('select pg_sleep(600);\n')
  const sleeping = "select from pg_stat_activity where wait_event = 'PgSleep'"
  await until(async () => (await observer.query(sleeping)).rowCount === 1, 30_000, 'a sleep')
  stdin.write('\u0003')
  await until(() => streams.written.stderr !== '', 30_000, 'an error')
  t.match(streams.written.stderr, /^ERROR 57014/)
  stdin.end('select 6 * 7;\n')
  t.equal(await ended, 0)
  t.match(streams.written.stdout, /^ +42\r?$/m)
})

t.test('a database that does not answer exits 1 and shows no password', async (t) => {
  const { code, stderr } = await run('postgres://app:hidden@127.0.0.1:1/app', ['-c', 'select 1'])
  t.equal(code, 1)
  t.match(stderr, /^cannot connect to the database: .*127\.0\.0\.1:1/)
  t.notMatch(stderr, /hidden/)
})

t.test('without a database and without a running collector it says what to do', async (t) => {
  const streams = createStreams()
  const env = { SIDELIGHT_DATA_DIR: t.testdir() }
  t.equal(await runSql(['-c', 'select 1'], env, streams), 1)
  t.match(streams.written.stderr, /start the collector/)
})

t.test('a bad call or configuration exits 2', async (t) => {
  t.match(await run('postgres://db/app', ['--nope']), { code: 2, stderr: /--nope/ })
  t.match(await run('mysql://db/app', ['-c', 'select 1']), { code: 2, stderr: /DATABASE_URL/ })
  t.match(await run('', ['--help']), { code: 0, stdout: /usage: sidelight sql/ })
})
