import t from 'tap'
import { read } from '../../collector/store/queries/read'
import { withClient } from '../../collector/store/session'
import { Turns } from '../../collector/store/turns'
import { until } from '../helpers/until'
import { never, openDatabase } from './database'

const pause = { what: 'the test', text: 'select pg_sleep($1)', values: [60] }

t.test(
  'turns are had in the order in which they are asked for, what is urgent first',
  async (t) => {
    const turns = new Turns(2)
    const begun: string[] = []
    const take = async (name: string, isUrgent = false) => {
      const end = await turns.take(never, isUrgent)
      begun.push(name)
      return end
    }
    const [endFirst, endSecond] = [await take('first'), await take('second')]
    const waiting = [
      take('writer'),
      take('drain'),
      take('heartbeat', true),
      take('lease', true),
      take('writer again'),
    ]
    t.same(begun, ['first', 'second'])
    endFirst()
    endSecond()
    for (const end of await Promise.all(waiting.slice(2, 4))) end()
    for (const end of await Promise.all(waiting.slice(0, 2))) end()
    await waiting[4]
    t.same(begun, ['first', 'second', 'heartbeat', 'lease', 'writer', 'drain', 'writer again'])
  },
)

t.test('who gives up waiting takes no turn', async (t) => {
  const turns = new Turns(1)
  const end = await turns.take(never)
  const giving = new AbortController()
  const given = turns.take(giving.signal)
  giving.abort()
  await t.rejects(given, /the only connection is in use/)
  await t.rejects(turns.take(AbortSignal.abort()), /in use/)
  const next = turns.take(never)
  end()
  ;(await next)()
  ;(await turns.take(AbortSignal.abort()))()
})

t.test(
  'a question that waits for others too long says so, and the next ones are answered',
  async (t) => {
    const pool = await openDatabase(t, { max: 1 })
    const long = t.rejects(read(pool, pause, 11_000), { name: 'Unavailable' })
    await t.rejects(read(pool, { ...pause, values: [0] }), {
      name: 'Unavailable',
      message: 'cannot read the test: other questions keep all connections busy; ask again later',
    })
    await long
    t.equal((await read(pool, { ...pause, values: [0] })).length, 1)
    t.equal(pool.totalCount, 1)
  },
)

t.test('a connection that was given up while it was made is not lent twice', async (t) => {
  const pool = await openDatabase(t, { max: 1 })
  const giving = new AbortController()
  const given = withClient(pool, giving.signal, (client) => client.query('select pg_sleep(60)'))
  // By then it has its turn and is about to connect.
  await until(() => pool.totalCount === 1, 20_000, 'a connection')
  giving.abort()
  await t.rejects(given)
  await withClient(pool, never, (client) => client.query('select'))
  t.equal(pool.totalCount, 1)
})
