import t from 'tap'
import { parseArguments } from './arguments'

t.test('names, times, seed and length are taken from the command line', (t) => {
  t.match(parseArguments(['--short', '--times', '3', '--seed', '7', 'away'], ['away', 'steady']), {
    isShort: true,
    isList: false,
    times: 3,
    seed: 7,
    names: ['away'],
  })
  t.match(parseArguments([], ['away']), { isShort: false, times: null, names: [] })
  t.end()
})

t.test('what is not known is refused, with what is', (t) => {
  t.throws(
    () => parseArguments(['afar'], ['away', 'steady']),
    /afar: the scenarios are away, steady/,
  )
  t.throws(() => parseArguments(['--times', '0'], []), /--times 0: a whole number from 1/)
  t.throws(() => parseArguments(['--seed', 'x'], []), /--seed x/)
  t.throws(() => parseArguments(['--quick'], []), /--quick/)
  t.end()
})
