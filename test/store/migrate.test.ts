import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { Unavailable } from '../../collector/errors'
import { migrate, MigrationError } from '../../collector/store/migrate'
import { loadSchemaFiles, SCHEMA_FOLDER } from '../../collector/store/migrations'
import { createPool } from '../../collector/store/pool'
import { MAJORS, withDatabase } from '../helpers/postgres'
import { until } from '../helpers/until'
import { openDatabase, openPool, silent } from './database'

const schemaFiles = loadSchemaFiles(SCHEMA_FOLDER)
/** What is applied to an empty database, in order. */
const FILES = [...schemaFiles.migrations, ...schemaFiles.repeatables].map(({ name }) => name)
const SECOND = '0002_second.sql'

/** A copy of the schema folder to add files to. */
function schemaFolder(test: { teardown(fn: () => void): void }) {
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-schema-'))
  test.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const part of ['migrations', 'repeatable']) {
    cpSync(join(SCHEMA_FOLDER, part), join(folder, part), { recursive: true })
  }
  return {
    folder,
    add: (name: string, sql: string) => writeFileSync(join(folder, 'migrations', name), sql),
    repeat: (name: string, sql: string) => writeFileSync(join(folder, 'repeatable', name), sql),
    read: (path: string) => readFileSync(join(folder, path), 'utf8'),
    write: (path: string, sql: string) => writeFileSync(join(folder, path), sql),
  }
}

const auto = { mode: 'auto', log: silent } as const
const off = { mode: 'off', log: silent } as const

for (const major of MAJORS) {
  t.test(
    `on Postgres ${major}, twenty collectors starting at once migrate an empty database once`,
    async (t) => {
      const { connectionString } = await withDatabase(t, { major, migrated: false })
      const pools = Array.from({ length: 20 }, () => openPool(t, connectionString, 2))
      const applied = await Promise.all(pools.map((pool) => migrate(pool, auto)))
      t.same(applied.flat().sort(), FILES)
      const [pool] = pools
      const { rows } = await pool!.query('select name from sidelight.migration order by name')
      t.same(
        rows,
        FILES.map((name) => ({ name })),
      )
      t.same(await migrate(pool!, auto), [], 'a further start finds nothing to do')
      t.same(await migrate(pool!, off), [], 'nor does one that only looks')
    },
  )
}

t.test('a file edited after it was applied refuses to start, by name', async (t) => {
  const pool = await openDatabase(t)
  const schema = schemaFolder(t)
  schema.write(
    'migrations/0001_spans.sql',
    `${schema.read('migrations/0001_spans.sql')}\n-- more\n`,
  )
  await t.rejects(migrate(pool, { ...auto, folder: schema.folder }), {
    name: 'MigrationError',
    message: /^0001_spans\.sql was edited/,
  })
})

t.test('line ends of another system are no edit', async (t) => {
  const pool = await openDatabase(t)
  const schema = schemaFolder(t)
  const path = 'migrations/0001_spans.sql'
  schema.write(path, schema.read(path).replaceAll('\n', '\r\n'))
  t.same(await migrate(pool, { ...auto, folder: schema.folder }), [])
})

t.test(
  'with migrations off, what is missing is named with the command, and nothing is created',
  async (t) => {
    const pool = await openDatabase(t, { migrated: false })
    await t.rejects(migrate(pool, off), {
      name: 'MigrationError',
      message: /0001_spans\.sql, .*repeatable\/views\.sql, .*sidelight migrate/,
    })
    const { rows } = await pool.query(`select to_regnamespace('sidelight') is null as absent`)
    t.same(rows, [{ absent: true }])
  },
)

t.test('an older collector works on a newer database', async (t) => {
  const pool = await openDatabase(t)
  const schema = schemaFolder(t)
  schema.add(SECOND, 'create table sidelight.second (id bigint);')
  t.same(await migrate(pool, { ...auto, folder: schema.folder }), [SECOND])
  t.same(await migrate(pool, auto), [])
  t.same(await migrate(pool, off), [])
})

t.test(
  'an older collector refuses a database with a breaking migration it does not know',
  async (t) => {
    const pool = await openDatabase(t)
    const schema = schemaFolder(t)
    schema.add(SECOND, '-- breaking\ncreate table sidelight.second (id bigint);')
    await migrate(pool, { ...auto, folder: schema.folder })
    for (const mode of [auto, off]) {
      await t.rejects(migrate(pool, mode), {
        name: 'MigrationError',
        message: /0002_second\.sql.*upgrade/,
      })
    }
    t.same(await migrate(pool, { ...auto, folder: schema.folder }), [])
  },
)

t.test(
  'a concurrent migration runs outside a transaction, once among ten collectors',
  async (t) => {
    const pool = await openDatabase(t, { max: 25 })
    const schema = schemaFolder(t)
    schema.add(
      SECOND,
      `-- concurrent
drop index concurrently if exists sidelight.service_name;
create index concurrently service_name on sidelight.service (name);
`,
    )
    const starts = Array.from({ length: 10 }, () =>
      migrate(pool, { ...auto, folder: schema.folder }),
    )
    t.same((await Promise.all(starts)).flat(), [SECOND])
    const { rows } = await pool.query(
      `select indisvalid from pg_index where indexrelid = 'sidelight.service_name'::regclass`,
    )
    t.same(rows, [{ indisvalid: true }])
  },
)

t.test('a migration that fails leaves nothing behind and names its file', async (t) => {
  const pool = await openDatabase(t)
  const schema = schemaFolder(t)
  schema.add(SECOND, 'create table sidelight.second (id bigint); select 1 / 0;')
  await t.rejects(migrate(pool, { ...auto, folder: schema.folder }), {
    name: 'MigrationError',
    message: 'cannot apply 0002_second.sql: division by zero',
  })
  const { rows } = await pool.query(
    `select to_regclass('sidelight.second') is null as absent,
     (select count(*)::int from sidelight.migration where name = $1) as claims`,
    [SECOND],
  )
  t.same(rows, [{ absent: true, claims: 0 }])
})

t.test('a changed repeatable file runs again, an older revision does not come back', async (t) => {
  const pool = await openDatabase(t)
  const schema = schemaFolder(t)
  const { folder } = schema
  const files = ['repeatable/answer.sql']
  const answer = async () => (await pool.query('select answer from sidelight.answer')).rows
  schema.repeat(
    'answer.sql',
    '-- revision 1\ncreate or replace view sidelight.answer as select 41 as answer;',
  )
  t.same(await migrate(pool, { ...auto, folder }), files)
  schema.repeat(
    'answer.sql',
    '-- revision 2\ncreate or replace view sidelight.answer as select 42 as answer;',
  )
  await t.rejects(migrate(pool, { ...off, folder }), { message: /repeatable\/answer\.sql/ })
  t.same(await migrate(pool, { ...auto, folder }), files)
  t.same(await answer(), [{ answer: 42 }])
  schema.repeat(
    'answer.sql',
    '-- revision 1\ncreate or replace view sidelight.answer as select 41 as answer;',
  )
  t.same(await migrate(pool, { ...auto, folder }), [])
  t.same(await answer(), [{ answer: 42 }])
})

t.test('a table that is locked for a while delays a migration and does not fail it', async (t) => {
  const pool = await openDatabase(t)
  const schema = schemaFolder(t)
  schema.add(SECOND, 'alter table sidelight.service add column note text;')
  const reader = await pool.connect()
  await reader.query('begin; lock table sidelight.service in access share mode')
  const migrated = migrate(pool, { ...auto, folder: schema.folder })
  const waits = `select from pg_locks where not granted and relation = 'sidelight.service'::regclass`
  const isWaiting = async () => (await pool.query(waits)).rowCount === 1
  await until(isWaiting, 10_000, 'the migration to wait')
  await until(async () => !(await isWaiting()), 10_000, 'the migration to step back')
  await reader.query('commit')
  reader.release()
  t.same(await migrated, [SECOND])
})

t.test('a role without the right to create schemas migrates the schema made for it', async (t) => {
  const pool = await openDatabase(t, { migrated: false })
  const role = `writer_${process.pid}`
  await pool.query(`create role ${role}; create schema sidelight authorization ${role}`)
  t.teardown(async () => {
    await pool.query(`drop schema sidelight cascade; drop role ${role}`)
  })
  const { connectionString } = pool.options
  const restricted = new URL(connectionString ?? '')
  restricted.searchParams.set('options', `-c role=${role}`)
  t.same(await migrate(openPool(t, restricted.href), auto), FILES)
})

t.test('a Postgres that does not answer is unavailable, not wrong', async (t) => {
  const pool = createPool({
    connectionString: 'postgresql://nobody@127.0.0.1:1/none',
    max: 1,
    applicationName: 'test',
  })
  t.teardown(() => pool.end())
  await t.rejects(migrate(pool, auto), Unavailable)
  t.notOk(new MigrationError('') instanceof Unavailable)
})
