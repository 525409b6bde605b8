import { AssertionError } from 'node:assert'
import t from 'tap'
import { CHECKS, ITEMS } from './checks'
import { MUTANTS, withMutant } from './mutants'
import { startTarget } from './sidelight'

/** What a mutant has lost is not waited for as long as what is only late. */
const MUTANT_SETTLE_MS = 500

const starting = startTarget(t)

for (const { item, breaks, ...mutation } of MUTANTS) {
  t.test(`otlp ${item} fails for a receiver that ${breaks}`, async (t) => {
    const target = { ...(await starting), settleMs: MUTANT_SETTLE_MS }
    const check = CHECKS.find((candidate) => candidate.item === item)
    const verdict = await withMutant(target, mutation, async (mutated) =>
      check?.run(mutated).catch((error: unknown) => error),
    )
    t.type(verdict, AssertionError, String(verdict))
    if (verdict instanceof AssertionError) t.comment(verdict.message)
  })
}

t.test('every check holds behind proxies that change nothing', async (t) => {
  await withMutant(await starting, {}, async (target) => {
    for (const { item, run } of CHECKS) {
      await t.resolves(run(target), `otlp ${item}`)
    }
  })
})

t.test('every item of the checklist has one mutant', (t) => {
  t.same(
    MUTANTS.map(({ item }) => item),
    Array.from({ length: ITEMS }, (_, i) => i + 1),
  )
  t.end()
})
