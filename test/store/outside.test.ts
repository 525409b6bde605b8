import t from 'tap'
import { runOutside } from '../../collector/store/outside'
import { until } from '../helpers/until'
import { never, openDatabase } from './database'

async function countRunning(pool: Awaited<ReturnType<typeof openDatabase>>): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    `select count(*)::int as n from pg_stat_activity
     where datname = current_database() and state = 'active' and pid <> pg_backend_pid() and query ~ 'pg_sleep'`,
  )
  return rows[0]?.n ?? -1
}

t.test('a statement that works for long is not cancelled for that', async (t) => {
  const pool = await openDatabase(t)
  await runOutside(pool, 'select pg_sleep(0.6)', { lockTimeoutMs: 1, signal: never })
})

t.test(
  'a statement that waits for a lock for too long is cancelled, and nothing else',
  async (t) => {
    const pool = await openDatabase(t)
    const holder = await pool.connect()
    await holder.query('begin; lock table sidelight.span')
    const bystander = pool.query('select from sidelight.span')
    await t.rejects(
      runOutside(pool, 'vacuum sidelight.span', { lockTimeoutMs: 10, signal: never }),
      { code: '57014' },
    )
    await holder.query('rollback')
    holder.release()
    await bystander
  },
)

t.test('aborting the signal ends the statement at the server too', async (t) => {
  const pool = await openDatabase(t)
  const stopping = new AbortController()
  const running = runOutside(pool, 'select pg_sleep(3600)', {
    lockTimeoutMs: 60_000,
    signal: stopping.signal,
  })
  await until(() => countRunning(pool), 20_000, 'the statement to run')
  stopping.abort()
  await t.rejects(running)
  await until(async () => (await countRunning(pool)) === 0, 20_000, 'the statement to end')
})
