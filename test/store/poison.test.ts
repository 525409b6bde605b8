import t from 'tap'
import { NOON_MICROS, request } from '../helpers/rows'
import { countSpans, names, never, openDatabase, openWriter, stored } from './database'

t.test('a large group is cut short by a refusal without harm to the connection', async (t) => {
  const pool = await openDatabase(t, { max: 1 })
  const writer = openWriter(t, pool)
  const attributes = JSON.stringify({ text: 'x'.repeat(2_000) })
  const many = (seed: string) =>
    request(
      seed,
      Array.from({ length: 1_000 }, (_, i) => ({ name: `${seed}-${i}`, attributes })),
    )
  const group = [request('bad', [{ attributes: '{' }]), many('a'), many('b'), many('c')]
  t.match(await writer.write(group, never), [
    { kind: 'stored', poison: [{ row: 0 }] },
    stored,
    stored,
    stored,
  ])
  t.equal(await countSpans(pool), 3_000)
})

t.test('rows whose day was not announced are refused when no partition takes them', async (t) => {
  const pool = await openDatabase(t)
  const writer = openWriter(t, pool)
  const liar = request('liar', [{ name: 'today' }, { name: 'far', startMicros: NOON_MICROS * 2n }])
  const announced = liar.translated.copies.map((copy) => ({ ...copy, days: copy.days.slice(0, 1) }))
  const group = [{ ...liar, translated: { ...liar.translated, copies: announced } }]
  t.match(await writer.write(group, never), [
    { kind: 'stored', poison: [{ row: 1, sqlstate: '23514' }] },
  ])
  t.same(await names(pool), ['today'])
})
