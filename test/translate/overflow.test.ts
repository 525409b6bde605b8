import t from 'tap'
import { type TranslationLimits, UNLIMITED } from '../../collector/translate/limits'
import { createTraceTranslator } from '../helpers/translator'
import { decodeSpanRows } from '../helpers/copy-rows'
import { type TracesInput, traces } from '../helpers/otlp'
import { type FullRow, withDictionary } from './expected-rows'

const DAY_MS = 86_400_000
const NOON_MS = Date.UTC(2026, 6, 21, 12)
const OVERFLOW_OPERATION = ['', '0', '(overflow)']
const OVERFLOW_SCOPE = ['(overflow)', '', '{}', '0', '']
const NOTHING = {
  operation: 0,
  resource: 0,
  scope: 0,
  metric_series: 0,
  error_group_hash: 0,
  release: 0,
  catalogue: 0,
}

/** A translator that remembers hardly anything, so that what is known is not known from its caches alone. */
function create(limits: Partial<TranslationLimits>) {
  const translator = createTraceTranslator({
    retentionMs: 10 * DAY_MS,
    maxAheadMs: DAY_MS,
    tenantAttributes: ['tenant.id'],
    dictionaryCacheSize: 2,
    limits: { ...UNLIMITED, ...limits },
  })
  return (input: TracesInput | readonly TracesInput[], receivedMs = NOON_MS) => {
    const inputs = Array.isArray(input) ? (input as readonly TracesInput[]) : [input as TracesInput]
    const startTimeUnixNano = BigInt(receivedMs) * 1_000_000n
    const body = traces(
      inputs.map((one) => ({
        ...one,
        spans: (one.spans ?? [{}]).map((span) => ({ startTimeUnixNano, ...span })),
      })),
    )
    const translated = translator.translate(body, { receivedMs, tenant: null })
    const rows = withDictionary(decodeSpanRows(translated.copies), translated.dictionary)
    return { ...translated, rows }
  }
}

function named(service: string, ...names: string[]): TracesInput {
  return { service, scope: { name: 'lib' }, spans: names.map((name) => ({ name })) }
}

/** Name of the operation and of the span of each row. */
function namesOf(rows: readonly FullRow[]): unknown[] {
  return rows.map(({ operation, name }) => [(operation as string[])[2], name])
}

t.test(
  'operations up to the cap have their own row; further spans share one and keep their names',
  (t) => {
    const translate = create({ maxOperations: 3 })
    const { rows, overflowed, dictionary } = translate(
      named('shop', 'a', 'b', 'c', 'd', 'e', '', 'a'),
    )
    t.strictSame(namesOf(rows), [
      ['a', null],
      ['b', null],
      ['c', null],
      ['(overflow)', 'd'],
      ['(overflow)', 'e'],
      ['(overflow)', ''],
      ['a', null],
    ])
    t.strictSame(rows[3]?.['operation'], OVERFLOW_OPERATION)
    t.strictSame(rows[3]?.['service'], ['', '', '', 'shop'])
    t.strictSame(overflowed, { ...NOTHING, operation: 3 })
    const operations = dictionary.filter((row) => row.dictionary === 'operation')
    t.equal(operations.length, 4, 'no row of an operation above the cap')
    t.end()
  },
)

t.test(
  'what is known goes on at the cap, each service for itself, and the next day begins anew',
  (t) => {
    const translate = create({ maxOperations: 2 })
    translate(named('shop', 'a', 'b'))
    t.strictSame(namesOf(translate(named('shop', 'b', 'c', 'a')).rows), [
      ['b', null],
      ['(overflow)', 'c'],
      ['a', null],
    ])
    t.strictSame(translate(named('till', 'c', 'd')).overflowed, NOTHING)
    t.equal(translate(named('shop', 'c')).overflowed.operation, 1)
    t.strictSame(translate(named('shop', 'c', 'd'), NOON_MS + DAY_MS).overflowed, NOTHING)
    t.equal(translate(named('shop', 'e'), NOON_MS + DAY_MS).overflowed.operation, 1)
    t.end()
  },
)

t.test(
  'a replay of days before counts to the day under way, a clock set back by more begins anew',
  (t) => {
    const translate = create({ maxOperations: 1 })
    translate(named('shop', 'a'))
    for (const days of [1, 4]) {
      t.equal(translate(named('shop', 'b'), NOON_MS - days * DAY_MS).overflowed.operation, 1)
    }
    t.strictSame(translate(named('shop', 'a')).overflowed, NOTHING)
    t.strictSame(translate(named('shop', 'b'), NOON_MS - 31 * DAY_MS).overflowed, NOTHING)
    t.end()
  },
)

t.test('a resource above the cap becomes one that says which service it is', (t) => {
  const translate = create({ maxResources: 2 })
  const input = (pod: number): TracesInput => ({
    service: 'shop',
    resource: {
      attributes: {
        'service.namespace': 'eu',
        'deployment.environment': 'prod',
        'tenant.id': 'acme',
        'k8s.pod.name': `pod-${pod}`,
      },
      droppedAttributesCount: 5,
      schemaUrl: 'https://s',
    },
    spans: [{ name: 'a' }],
  })
  const { rows, overflowed, dictionary } = translate([0, 1, 2, 3, 0].map(input))
  const gathered = [
    '{"service.name":"shop","service.namespace":"eu","deployment.environment.name":"prod","sidelight.overflow":true}',
    '7',
    null,
    '',
  ]
  t.strictSame(rows[2]?.['resource'], gathered)
  t.strictSame(rows[3]?.['resource'], gathered)
  t.strictSame(rows[4]?.['resource'], rows[0]?.['resource'])
  t.match((rows[1]?.['resource'] as string[])[0], /pod-1/)
  t.strictSame(overflowed, { ...NOTHING, resource: 2 })
  t.ok(rows.every(({ name, service }) => name === null && (service as string[])[3] === 'shop'))
  t.equal(dictionary.filter((row) => row.dictionary === 'resource').length, 3)
  t.end()
})

t.test('a scope above the cap becomes (overflow), and its name stays the module', (t) => {
  const translate = create({ maxScopes: 1 })
  const input = (name: string): TracesInput => ({ service: 'shop', scope: { name, version: '1' } })
  const { rows, overflowed } = translate(['first', 'second', 'third', 'first'].map(input))
  t.strictSame(rows[0]?.['scope'], ['first', '1', '{}', '0', ''])
  t.strictSame(rows[1]?.['scope'], OVERFLOW_SCOPE)
  t.strictSame(rows[2]?.['scope'], OVERFLOW_SCOPE)
  t.strictSame(rows[3]?.['scope'], rows[0]?.['scope'])
  t.equal((rows[1]?.['operation'] as string[])[0], 'second')
  t.strictSame(overflowed, { ...NOTHING, scope: 2 })
  t.strictSame(translate({ service: 'till', scope: { name: 'other' } }).overflowed, NOTHING)
  t.end()
})

t.test('services take turns with one scope without using up each other’s caps', (t) => {
  const translate = create({ maxScopes: 1, maxResources: 1 })
  const turns = Array.from({ length: 10 }, (_, turn) => named(`service-${turn % 2}`, 'a'))
  t.strictSame(translate(turns).overflowed, NOTHING)
  t.end()
})

t.test('a rejected span uses up no cap', (t) => {
  const translate = create({ maxOperations: 1 })
  const spans = [{ traceId: '00', name: 'broken' }, { name: 'sound' }]
  t.strictSame(translate({ service: 'shop', spans }).overflowed, NOTHING)
  t.end()
})
