import t from 'tap'
import { runMigrate } from '../../collector/cli/migrate'
import { withDatabase } from '../helpers/postgres'
import { createStreams } from './streams'

t.test(
  'migrate applies what is missing, whatever SIDELIGHT_MIGRATE says, and says what',
  async (t) => {
    const { connectionString } = await withDatabase(t, { migrated: false })
    const env = { DATABASE_URL: connectionString, SIDELIGHT_MIGRATE: 'off' }
    const first = createStreams()
    t.equal(await runMigrate(env, first), 0)
    t.match(first.written.stdout, /^applied 0001_spans/m)
    t.match(first.written.stdout, /the schema is now up to date\n$/)
    const second = createStreams()
    t.equal(await runMigrate(env, second), 0)
    t.equal(second.written.stdout, 'the schema is up to date\n')
  },
)

t.test(
  'migrate fails with 1 when the database is not to be had, with 2 for a bad setting',
  async (t) => {
    const away = createStreams()
    t.equal(await runMigrate({ DATABASE_URL: 'postgres://127.0.0.1:1/app' }, away), 1)
    t.match(away.written.stderr, /127\.0\.0\.1:1/)
    const bad = createStreams()
    t.equal(await runMigrate({ SIDELIGHT_MIGRATE: 'maybe' }, bad), 2)
    t.match(bad.written.stderr, /SIDELIGHT_MIGRATE=maybe/)
  },
)
