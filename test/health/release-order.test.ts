import t from 'tap'
import {
  compareSemver,
  newestRelease,
  orderReleases,
  parseSemver,
} from '../../collector/health/release-order'

/** In the order of precedence: semver.org, section 11, and what lies beyond doubles. */
const ASCENDING = [
  '0.0.0-0',
  '0.0.0',
  '0.0.1',
  '1.0.0--',
  '1.0.0-alpha',
  '1.0.0-alpha.1',
  '1.0.0-alpha.beta',
  '1.0.0-beta',
  '1.0.0-beta.2',
  '1.0.0-beta.11',
  '1.0.0-rc.1',
  '1.0.0',
  '1.2.0',
  '1.10.0',
  '2.0.0-1.2',
  '2.0.0-1.2.0',
  '2.0.0-2',
  '2.0.0-10',
  '2.0.0-9a',
  '2.0.0-A',
  '2.0.0-a',
  '2.0.0',
  '99999999999999999999998.0.0',
  '99999999999999999999999.0.0',
]

const EQUAL = [
  ['1.0.0', 'v1.0.0'],
  ['1.0.0', 'V1.0.0+5'],
  ['1.0.0+a', '1.0.0+b.001'],
  ['1.0.0-rc.1+a', 'v1.0.0-rc.1'],
]

const NONE = [
  '',
  '1',
  '1.2',
  '1.2.3.4',
  '01.0.0',
  '1.0.0-01',
  '1.0.0-',
  '1.0.0+',
  '1.0.0-a..b',
].concat(['vv1.0.0', ' 1.0.0', '1.0.0\n', '1.0.x', 'f00ba47', `1.0.0-${'a'.repeat(300)}`])

t.test('versions have the precedence of semver.org', async (t) => {
  for (const [i, a] of ASCENDING.entries()) {
    for (const [j, b] of ASCENDING.entries()) {
      const order = compareSemver(parseSemver(a)!, parseSemver(b)!)
      t.equal(Math.sign(order), Math.sign(i - j), `${a} and ${b}`)
    }
  }
  for (const [a = '', b = ''] of EQUAL) {
    t.equal(compareSemver(parseSemver(a)!, parseSemver(b)!), 0, `${a} and ${b}`)
  }
  for (const text of NONE) t.equal(parseSemver(text), null, JSON.stringify(text))
})

/** As they were first seen; as they are ordered. */
const ORDERS: [string, string][] = [
  ['', ''],
  ['1.10.0 1.9.0 1.0.0', '1.0.0 1.9.0 1.10.0'],
  ['c b a', 'c b a'],
  ['2.0.0 c b 1.0.0', '2.0.0 c b 1.0.0'],
  ['b 2.0.0 1.0.0 a', 'b 1.0.0 2.0.0 a'],
  ['1.0.0+b 1.0.0+a 0.9.0', '0.9.0 1.0.0+b 1.0.0+a'],
  ['v1.1.0 1.0.0', '1.0.0 v1.1.0'],
]

t.test('releases are ordered by version, else by time, anew where that changes', async (t) => {
  for (const [seen, ordered] of ORDERS) {
    const releases = seen
      .split(' ')
      .filter((version) => version !== '')
      .map((version, position) => ({ version, firstSeenMs: position }))
    const versions = orderReleases(releases.reverse()).map(({ version }) => version)
    t.equal(versions.join(' '), ordered, seen)
    t.equal(newestRelease(releases), versions.at(-1) ?? null)
  }
})
