import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { findNearby } from '../collector/nearby'
import { dataFolder } from './helpers/collector'

t.test('a file is found in the nearest folder around that has it', (t) => {
  const root = dataFolder(t)
  const inner = join(root, 'code', 'store')
  mkdirSync(inner, { recursive: true })
  writeFileSync(join(root, 'outer.json'), '')
  writeFileSync(join(root, 'code', 'outer.json'), '')
  writeFileSync(join(root, 'only.json'), '')
  t.equal(findNearby(inner, 'outer.json'), join(root, 'code', 'outer.json'))
  t.equal(findNearby(inner, 'only.json'), join(root, 'only.json'))
  t.throws(() => findNearby(inner, 'none-of-this-name.json'), /cannot find none-of-this-name/)
  t.end()
})
