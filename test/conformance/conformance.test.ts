import t from 'tap'
import { CHECKS, ITEMS } from './checks'
import { startTarget } from './sidelight'

const starting = startTarget(t)

for (const { item, claim, run } of CHECKS) {
  t.test(`otlp ${item}: ${claim}`, async () => run(await starting))
}

t.test('every item of the checklist has one check', (t) => {
  t.same(
    CHECKS.map(({ item }) => item),
    Array.from({ length: ITEMS }, (_, i) => i + 1),
  )
  t.end()
})
