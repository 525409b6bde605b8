import t from 'tap'
import { adjustedCountOf } from '../../collector/translate/sampling-threshold'

const CASES: readonly [traceState: string, adjustedCount: number][] = [
  ['', 1],
  ['ot=th:0', 1],
  ['ot=th:8', 2],
  ['ot=th:c', 4],
  ['ot=th:C', 4],
  ['ot=th:f', 16],
  ['ot=th:e', 8],
  ['ot=th:e0000000000000', 8],
  ['ot=th:fd70a3d70a3d71', 100],
  ['ot=th:ffffffffffffff', 2 ** 56],
  ['ot=th:fffffffffffff8', 2 ** 53],
  ['ot=th:00000008', 1 / (1 - 8 / 16 ** 8)],
  ['ot=rv:ffffffffffffff;th:c', 4],
  ['ot=th:c;rv:ffffffffffffff', 4],
  ['vendor=th:8,ot=th:c', 4],
  ['vendor=1 , ot=th:c ,other=2', 4],
  ['vendor=1,\tot=th:c\t', 4],
  ['vendor=ot=th:c', 1],
  ['xot=th:c', 1],
  ['ot@tenant=th:c', 1],
  ['ot=rv:th:c', 1],
  ['ot=xth:c', 1],
  ['ot=th:', 1],
  ['ot=th:;rv:1', 1],
  ['ot=th:g', 1],
  ['ot=th:-8', 1],
  ['ot=th:0000000000000008', 1],
  ['ot=th:800000000000000', 1],
  ['ot=th', 1],
  ['ot=', 1],
  ['ot', 1],
  ['ot=rv:1,th:c', 1],
  [',,, ,ot=th:c', 4],
  ['ot=p:8;r:62', 1],
]

t.test(
  'a span stands for as many as its threshold says, and for itself without a valid one',
  (t) => {
    for (const [traceState, expected] of CASES) {
      const bytes = Buffer.from(`th:8${traceState}0ot=th:8`)
      const told = adjustedCountOf(bytes, 4, 4 + traceState.length)
      t.ok(Math.abs(told / expected - 1) < 1e-12, `${traceState}: ${told} for ${expected}`)
    }
    t.end()
  },
)
