import t from 'tap'
import { fingerprint } from '../../../collector/translate/fingerprint/fingerprint'
import type { ErrorReport } from '../../../collector/translate/fingerprint/fingerprint'
import { NO_RULES } from '../../../collector/translate/fingerprint/rules'
import { type Captured, readCaptured } from '../../fixtures/errors/captures'
import { type Key, type Pair, PAIRS } from '../../fixtures/errors/pairs'

const read = readCaptured()

const different = PAIRS.filter(({ expected }) => expected === 'different')
const same = PAIRS.filter(({ expected }) => expected === 'same')

t.test('the table: 120 pairs and more, of Node 20, 22 and 24, and hard ones among them', (t) => {
  const alike = different.filter(({ a, b }) => {
    const [left, right] = [read(a), read(b)]
    return left.message === right.message || classOf(left) === classOf(right)
  })
  const names = PAIRS.map(({ a, b, by }) => `${[a, b].sort().join(' | ')} ${by}`)
  t.comment(`${PAIRS.length} pairs, ${different.length} different`)
  t.comment(`${alike.length} of those with one class or one message`)
  t.ok(PAIRS.length >= 120)
  t.ok(alike.length >= 50)
  t.equal(new Set(names).size, PAIRS.length, 'none is there twice')
  t.ok(PAIRS.some(({ b }) => b.includes(' 22')) && PAIRS.some(({ b }) => b.includes(' 24')))
  t.end()
})

t.test('two throws share a group exactly when they are one fault', (t) => {
  const judged = new Map(PAIRS.map((pair) => [pair, isOneGroup(pair)]))
  const merged = PAIRS.filter((pair) => judged.get(pair))
  const right = same.filter((pair) => judged.get(pair)).length
  const precision = right / merged.length
  const recall = right / same.length
  t.comment(`pairwise precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}`)
  for (const pair of PAIRS) {
    if (judged.get(pair) !== (pair.expected === 'same')) t.fail(describe(pair))
  }
  t.equal(precision, 1)
  t.equal(recall, 1)
  t.end()
})

function isOneGroup({ a, b, by }: Pair): boolean {
  return fingerprint(reportOf(a), NO_RULES)[by] === fingerprint(reportOf(b), NO_RULES)[by]
}

function describe({ a, b, expected, by, why }: Pair): string {
  return `${a} | ${b}: expected ${expected} by ${by}: ${why}`
}

/** As the stack's header or, without one, the type says. */
function classOf({ type, stacktrace }: Captured): string {
  return /^([A-Za-z]\w*)(?: \[\w+\])?:/m.exec(stacktrace)?.[1] ?? type
}

function reportOf(key: Key): ErrorReport {
  const { type, message, stacktrace, peer, root } = read(key)
  return {
    kind: 'exception',
    tenant: 'default',
    namespace: 'shop',
    service: 'orders',
    module: 'orders',
    operation: 'POST /orders',
    type,
    message,
    stack: stacktrace,
    code: null,
    peer,
    root,
    template: '',
    severity: 17,
    failure: [],
    explicit: null,
    attribute: () => null,
  }
}
