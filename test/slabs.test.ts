import t from 'tap'
import { Slabs } from '../collector/slabs'

const KIB = 1024
const MIB = 1024 * KIB

t.test('what was given back is lent again, to requests of about its size', (t) => {
  const { lend, giveBack } = new Slabs()
  const first = lend(100 * KIB)
  t.equal(first.length, 100 * KIB)
  t.not(lend(100 * KIB).buffer, first.buffer, 'it is in use')
  giveBack(first)
  t.not(lend(10 * KIB).buffer, first.buffer, 'much smaller')
  t.not(lend(200 * KIB).buffer, first.buffer, 'larger')
  const next = lend(60 * KIB)
  t.equal(next.length, 60 * KIB)
  t.equal(next.buffer, first.buffer)
  t.end()
})

t.test('a part given back stands for the whole, once', (t) => {
  const { lend, giveBack } = new Slabs()
  const lent = lend(8 * KIB)
  giveBack(lent.subarray(0, 10))
  giveBack(lent)
  t.equal(lend(8 * KIB).buffer, lent.buffer)
  t.not(lend(8 * KIB).buffer, lent.buffer)
  t.end()
})

t.test('memory of others is let be', (t) => {
  const { lend, giveBack } = new Slabs()
  const other = Buffer.allocUnsafeSlow(8 * KIB)
  giveBack(other)
  t.not(lend(8 * KIB).buffer, other.buffer)
  t.end()
})

t.test('little and much is not kept, nor more than 16 MiB of the latest', (t) => {
  const { lend, giveBack } = new Slabs()
  for (const bytes of [0, KIB, 5 * MIB]) {
    const lent = lend(bytes)
    t.equal(lent.length, bytes)
    giveBack(lent)
    t.not(lend(bytes).buffer, lent.buffer)
  }
  const lent = Array.from({ length: 20 }, () => lend(MIB))
  for (const bytes of lent) giveBack(bytes)
  const kept = new Set(lent.slice(4).map(({ buffer }) => buffer))
  const again = Array.from({ length: 20 }, () => lend(MIB).buffer)
  t.equal(again.filter((buffer) => kept.has(buffer)).length, 16)
  t.equal(new Set([...again, ...kept]).size, 20)
  t.end()
})
