import t from 'tap'
import { BadData, Unavailable } from '../collector/errors'

t.test('the two kinds of error are told apart by class and name', (t) => {
  t.equal(new BadData('x').name, 'BadData')
  t.notOk(new BadData('x') instanceof Unavailable)
  t.end()
})
