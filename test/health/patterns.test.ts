import t from 'tap'
import { listPatterns, type RepeatedError } from '../../collector/health/patterns'

const SINCE_MS = Date.parse('2026-03-01T11:00:00Z')
const IDENTITY = { tenant: '', environment: null, namespace: '', service: 'orders' }

const repeated = (count: number, fields: Partial<RepeatedError> = {}): RepeatedError => ({
  ...IDENTITY,
  id: 'a',
  class: 'PaymentError',
  message: 'card <*> was declined',
  count,
  firstSeenMs: 0,
  ...fields,
})

function patternsOf(of: Partial<Parameters<typeof listPatterns>[0]>) {
  return listPatterns({ repeated: [], fatal: [], module: null, sinceMs: SINCE_MS, ...of })
}

t.test('ten of one error in an hour are a warning', async (t) => {
  for (const [count, alerts] of [
    [1, 0],
    [9, 0],
    [10, 1],
    [1_000, 1],
  ] as const) {
    t.equal(patternsOf({ repeated: [repeated(count)] }).length, alerts, `${count}`)
  }
  t.strictSame(patternsOf({ repeated: [repeated(12)] }), [
    {
      severity: 'warning',
      message:
        'orders: PaymentError (card <*> was declined): 12 times in an hour, a warning from 10',
      resourceName: 'PaymentError',
      ...IDENTITY,
      module: null,
      criterion: 'error_pattern',
      value: 12,
      limit: 10,
      unit: 'errors',
      errorId: 'a',
      sinceMs: SINCE_MS,
    },
  ])
})

t.test('three fatal errors of a service are critical at once', async (t) => {
  for (const [count, alerts] of [
    [1, 0],
    [2, 0],
    [3, 1],
    [50, 1],
  ] as const) {
    t.equal(patternsOf({ fatal: [{ ...IDENTITY, count }] }).length, alerts, `${count}`)
  }
  t.strictSame(patternsOf({ fatal: [{ ...IDENTITY, environment: 'prod', count: 3 }] }), [
    {
      severity: 'critical',
      message: 'orders: 3 fatal errors in an hour, critical from 3',
      resourceName: 'orders',
      ...IDENTITY,
      environment: 'prod',
      module: null,
      criterion: 'error_pattern',
      value: 3,
      limit: 3,
      unit: 'errors',
      errorId: null,
      sinceMs: SINCE_MS,
    },
  ])
})

t.test('critical ones come first, then the most frequent; each in its module', async (t) => {
  const alerts = patternsOf({
    repeated: [repeated(10), repeated(70, { id: 'b', message: '' })],
    fatal: [
      { ...IDENTITY, count: 3 },
      { ...IDENTITY, service: 'mail', count: 9 },
    ],
    module: 'billing',
  })
  t.strictSame(
    alerts.map(({ message }) => message.split(': ').slice(0, 2).join(': ')),
    [
      'billing in mail: 9 fatal errors in an hour, critical from 3',
      'billing in orders: 3 fatal errors in an hour, critical from 3',
      'billing in orders: PaymentError',
      'billing in orders: PaymentError (card <*> was declined)',
    ],
  )
  t.ok(alerts.every(({ module }) => module === 'billing'))
})

t.test('a pattern is as old as its first throw, an hour at most; its name is cut', async (t) => {
  const [young] = patternsOf({ repeated: [repeated(10, { firstSeenMs: SINCE_MS + 5 })] })
  t.equal(young?.sinceMs, SINCE_MS + 5)
  const [long] = patternsOf({ repeated: [repeated(10, { message: 'x'.repeat(5_000) })] })
  t.ok((long?.message.length ?? 0) < 300)
  t.match(long?.message, /x…: 10 times/)
})
