import t from 'tap'
import { mergeThrows } from '../../collector/store/error-claims'
import { type ErrorThrow, SEVERITY } from '../../collector/translate/error-throw'
import { MAJORS } from '../helpers/postgres'
import { uuidOf } from '../helpers/rows'
import { never, openDatabase, openWriter, stored } from './database'
import { figures, MINUTE_NS, NOON_NS, readErrors, requestWith, throwOf } from './throws'

/** A throw of these exceptions, from the outermost to the cause, that counts by the whole chain. */
function chain(
  trace: string,
  exceptions: readonly string[],
  severity: number = SEVERITY.error,
): ErrorThrow {
  const alone = exceptions.map((name) => uuidOf(`innermost ${name}`))
  return { ...throwOf(trace, exceptions.join(), { severity, innermost: alone.at(-1)! }), alone }
}

/** Every order of the numbers below `count`. */
function orders(count: number): number[][] {
  if (count === 0) return [[]]
  return orders(count - 1).flatMap((order) =>
    Array.from({ length: count }, (_, at) => order.toSpliced(at, 0, count - 1)),
  )
}

t.test('sightings of requests that have an exception in common are of one throw', (t) => {
  const a = chain('t', ['a'])
  const ab = chain('t', ['a', 'b'])
  const b = chain('t', ['b'], SEVERITY.fatal)
  const other = chain('t', ['c'])
  t.match(mergeThrows([[a], [other], [b], [ab]]), [
    { hash: a.hash, severity: 21, alone: { length: 2 } },
    { hash: other.hash },
  ])
  t.equal(mergeThrows([[ab], [a, b]]).length, 1)
  t.equal(mergeThrows([[a, b], [chain('another', ['a', 'b'])]]).length, 3)
  t.end()
})

t.test('the earliest time counts, and its minute', (t) => {
  const early = throwOf('t', 'fault', { timeNs: NOON_NS - MINUTE_NS })
  for (const order of [
    [early, throwOf('t')],
    [throwOf('t'), early],
  ]) {
    t.match(mergeThrows([order]), [{ timeNs: early.timeNs, minute: early.minute }])
  }
  t.end()
})

t.test('many that turn out to be one are merged as fast as others', (t) => {
  const count = 20_000
  const traces = Array.from({ length: count }, (_, n) => `t${n}`)
  const apart = traces.flatMap((trace) => [chain(trace, ['a']), chain(trace, ['b'])])
  const together = traces.map((trace) => chain(trace, ['a', 'b']))
  const begun = process.cpuUsage().user
  const merged = mergeThrows([apart, together])
  const micros = process.cpuUsage().user - begun
  t.equal(merged.length, count)
  t.ok(micros < 3_000_000, `${micros} µs`)
  t.end()
})

for (const major of MAJORS) {
  t.test(`on Postgres ${major} a throw is counted once`, async (t) => {
    t.test('whoever tells of it with or without its causes', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      const tellings = [
        ['outer'],
        ['outer', 'inner', 'root'],
        ['inner', 'root'],
        ['outer', 'inner'],
      ]
      for (const [n, order] of orders(4).entries()) {
        for (const place of order) {
          const thrown = chain(`t${n}`, tellings[place]!)
          t.same(await writer.write([requestWith(`${n} ${place}`, [thrown])], never), [stored])
        }
      }
      const { rows } = await pool.query(
        `select sum(occurrence_count)::int as throws, sum(severe_count)::int as severe from sidelight.error_rollup`,
      )
      // Two chains that have nothing in common are two throws until something joins them.
      const apart = orders(4).filter(
        (order) => order[0]! + order[1]! === 2 && order[0]! * order[1]! === 0,
      ).length
      t.same(rows, [{ throws: 24 + apart, severe: 24 + apart }])
    })

    t.test('as severe once, by whatever exception that is told', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      const tellings = [['outer'], ['outer', 'root'], ['root']]
      const write = async (...[trace, name, severity]: [string, string[], number]) =>
        writer.write(
          [requestWith(`${trace} ${name.join()} ${severity}`, [chain(trace, name, severity)])],
          never,
        )
      let traces = 0
      for (const order of orders(3)) {
        const trace = `t${traces++}`
        await write(trace, ['outer'], SEVERITY.warning)
        await write(trace, ['outer', 'root'], SEVERITY.warning)
        for (const place of order) await write(trace, tellings[place]!, SEVERITY.error)
      }
      t.same(await readErrors(pool), [
        figures('outer', traces, { unhandled: traces, seen: 2 * traces }),
      ])
    })
  })
}
