import t from 'tap'
import type { Value } from '../helpers/otlp'
import { tell } from './told-events'

const DELIVERY = { 'webhook.id': 'w-1', 'sidelight.outcome': 'succeeded' }
const EXECUTION = { 'rule.id': 'r-1', 'sidelight.outcome': 'failed' }

t.test(
  'durations are milliseconds, however they were sent, and unknown where they cannot be',
  (t) => {
    const durations: [sent: Value, ns: bigint | null][] = [
      [3, 3_000_000n],
      [3.25, 3_250_000n],
      ['3.25', 3_250_000n],
      [' 3 ', 3_000_000n],
      ['1e3', 1_000_000_000n],
      [0.0000004, 0n],
      [[5, 6], 5_000_000n],
      [9_007_199_254, 9_007_199_254_000_000n],
      [9_007_199_255, null],
      [1e300, null],
      [-1, null],
      ['-1', null],
      [NaN, null],
      [Infinity, null],
      ['', null],
      [' ', null],
      ['3 ms', null],
      ['0x10', null],
      [true, null],
      [null, null],
      [{ ms: 3 }, null],
      [Buffer.from('3'), null],
    ]
    for (const [sent, ns] of durations) {
      const { rows, rollups } = tell('sidelight.webhook.delivery', {
        ...DELIVERY,
        'sidelight.duration_ms': sent,
      })
      t.strictSame(rows[0]?.duration_ns, ns, String(sent))
      t.strictSame(rollups[0]?.duration_max_ns, ns, String(sent))
      t.equal(rollups[0]?.event_count, 1n, 'it counts all the same')
    }
    t.end()
  },
)

t.test('amounts are numbers, however they were sent, and never without bounds', (t) => {
  const amounts: [sent: Value, amount: number | null][] = [
    [5, 5],
    [0.1, 0.1],
    ['0.1', 0.1],
    [-2, -2],
    [1e15, 1e15],
    [1.1e15, null],
    [-1e300, null],
    [NaN, null],
    ['NaN', null],
    [false, null],
  ]
  for (const [sent, amount] of amounts) {
    const event = { 'business.event': 'e', 'sidelight.cost_usd': sent }
    const { rows, rollups } = tell('sidelight.business', event)
    t.strictSame([rows[0]?.amount, rollups[0]?.amount], [amount, amount ?? 0], String(sent))
  }
  const affected = { ...EXECUTION, 'rule.affected_count': -3 }
  t.equal(tell('sidelight.rule.execution', affected).rows[0]?.amount, null)
  t.end()
})

t.test('a status code has three digits, or is not known', (t) => {
  const codes: [sent: Value, detail: string, failed: bigint][] = [
    [200, '200', 0n],
    [399, '399', 0n],
    [400, '400', 1n],
    [599, '599', 1n],
    ['404', '404', 1n],
    [404.0, '404', 1n],
    [404.5, '', 0n],
    [0, '', 0n],
    [99, '', 0n],
    [1_000, '', 0n],
    [-500, '', 0n],
    ['2xx', '', 0n],
    [true, '', 0n],
  ]
  for (const [sent, detail, failed] of codes) {
    const { rollups } = tell('sidelight.api.request', { 'http.response.status_code': sent })
    t.strictSame(
      [rollups[0]?.subject.at(-1), rollups[0]?.failed_count],
      [detail, failed],
      String(sent),
    )
  }
  t.end()
})

t.test('subjects and outcomes may be sent as numbers and booleans', (t) => {
  const about = (id: Value, outcome: Value) => {
    const [row] = tell('sidelight.webhook.delivery', {
      'webhook.id': id,
      'sidelight.outcome': outcome,
    }).rows
    return [row?.subject[2], row?.outcome]
  }
  t.strictSame(about(7, true), ['7', 'succeeded'])
  t.strictSame(about(7.0, false), ['7', 'failed'])
  t.strictSame(about(['a', 'b'], ['failed']), ['a', 'failed'])
  t.strictSame(about(true, 'succeeded'), ['true', 'succeeded'])
  t.strictSame(about({ id: 'a' }, 'succeeded'), [undefined, undefined])
  t.end()
})

t.test('what Postgres does not take is replaced, and long subjects are cut', (t) => {
  const subjectOf = (id: string) =>
    tell('sidelight.webhook.delivery', { ...DELIVERY, 'webhook.id': id }).rows[0]?.subject[2]
  t.equal(subjectOf('a\0b'), 'a\ufffdb')
  t.equal(subjectOf('ü"\\'), 'ü"\\')
  t.equal(subjectOf('x'.repeat(512)), 'x'.repeat(512))
  t.equal(subjectOf('x'.repeat(513)), 'x'.repeat(512))
  t.equal(subjectOf('🚀'.repeat(200)), '🚀'.repeat(128), 'never within a character')
  t.end()
})
