import t from 'tap'
import type { Status } from '../../collector/health/judge'
import { replay } from '../../collector/health/stable'

const MINUTE_MS = 60_000

/** By limits, and by 0.8 of them: `d` is degraded by both, `e` only by the smaller. */
const MOMENTS: Record<string, { readonly status: Status; readonly leaving: Status }> = {
  h: { status: 'healthy', leaving: 'healthy' },
  e: { status: 'healthy', leaving: 'degraded' },
  d: { status: 'degraded', leaving: 'degraded' },
  b: { status: 'degraded', leaving: 'critical' },
  c: { status: 'critical', leaving: 'critical' },
  i: { status: 'insufficient_data', leaving: 'insufficient_data' },
  '-': { status: 'no_data', leaving: 'no_data' },
}

function replayed(letters: string) {
  const moments = [...letters].map((letter, minute) => ({
    atMs: minute * MINUTE_MS,
    ...MOMENTS[letter]!,
  }))
  const stable = replay(moments)
  return stable === null ? null : [stable.status, stable.sinceMs / MINUTE_MS]
}

const CASES: [claim: string, moments: string, status: Status, sinceMinute: number][] = [
  ['the first verdict is taken as it is', 'c', 'critical', 0],
  ['what does not change has been since the first', 'hhhhh', 'healthy', 0],
  ['one bad verdict changes nothing', 'hhch', 'healthy', 0],
  ['nor do two that lie further apart', 'hchhc', 'healthy', 0],
  ['two in a row do', 'hhcc', 'critical', 3],
  ['and two of three', 'hchc', 'critical', 3],
  ['a critical and a degraded one make it degraded', 'hhcd', 'degraded', 3],
  ['and critical once two of three are', 'hhcdc', 'critical', 4],
  ['degraded does not become critical by one', 'ddddc', 'degraded', 0],
  ['degraded becomes critical by two', 'ddddcc', 'critical', 5],
  ['two good verdicts do not end it', 'ddhh', 'degraded', 0],
  ['three in a row do', 'ddhhh', 'healthy', 4],
  ['not when one lies near the limit', 'ddhhe', 'degraded', 0],
  ['nor when all do', 'ddeeeeee', 'degraded', 0],
  ['then they count anew', 'ddhhehh', 'degraded', 0],
  ['until there are three', 'ddhhehhh', 'healthy', 7],
  ['critical falls to degraded first', 'cchhh', 'degraded', 4],
  ['and stays there for three more', 'cchhhhh', 'degraded', 4],
  ['before it is healthy', 'cchhhhhh', 'healthy', 7],
  ['critical near its limit stays', 'ccbbbb', 'critical', 0],
  ['critical falls to degraded by degraded verdicts', 'ccddd', 'degraded', 4],
  ['and stays there', 'ccdddddd', 'degraded', 4],
  ['a relapse while degraded is critical again', 'cchhhcc', 'critical', 6],
  ['minutes without requests keep the state', 'cc---------', 'critical', 0],
  ['ten of them do not', 'cc----------', 'no_data', 11],
  ['too few requests likewise', 'hhiiiiiiiii', 'healthy', 0],
  ['ten minutes of too few', 'hhiiiiiiiiii', 'insufficient_data', 11],
  ['of silence and too few the last one counts', 'hhiiiii----i', 'insufficient_data', 11],
  ['a request in between counts anew', 'cc-----c-----', 'critical', 0],
  ['silent minutes are passed over on the way in', 'hhc-c', 'critical', 4],
  ['and on the way out', 'ddh-hi-h', 'healthy', 7],
  ['after silence the first verdict is taken as it is', 'c----------h', 'healthy', 11],
  ['whatever it is', '---c', 'critical', 3],
  ['silence that becomes too few is that', '---ii', 'insufficient_data', 3],
  ['what has always been silent is silent', '-----', 'no_data', 0],
]

t.test('a state is entered and left as these say', async (t) => {
  for (const [claim, moments, status, since] of CASES) {
    t.strictSame(replayed(moments), [status, since], `${claim}: ${moments}`)
  }
  t.equal(replayed(''), null)
})
