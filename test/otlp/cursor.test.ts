import t from 'tap'
import { BadData } from '../../collector/errors'
import { Cursor } from '../../collector/otlp/cursor'

/** Reads all fields the way a receiver does that knows none of them. */
function skipAll(hex: string): void {
  const cursor = new Cursor(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
  const limit = cursor.bytes.length
  while (cursor.at < limit) cursor.skip(cursor.tag(limit), limit)
}

t.test('well-formed fields of every wire type are skipped', (t) => {
  const bodies = {
    nothing: '',
    'a varint': '08 96 01',
    'a varint of ten bytes': '08 ff ff ff ff ff ff ff ff ff 01',
    'a varint longer than needed': '08 80 80 00',
    'a tag longer than needed': '88 00 01',
    'the largest field number': 'f8 ff ff ff 0f 01',
    'sixty-four bits': '09 01 02 03 04 05 06 07 08',
    'thirty-two bits': '0d 01 02 03 04',
    'an empty delimited field': '0a 00',
    'a delimited field': '0a 02 ff ff',
    'an empty group': '0b 0c',
    'a group of everything': '0b 08 01 11 0102030405060708 1a 01 00 25 01020304 0c',
    'groups in groups': '0b 13 1b 08 01 1c 14 13 14 0c',
  }
  for (const [name, hex] of Object.entries(bodies)) t.doesNotThrow(() => skipAll(hex), name)
  t.end()
})

t.test('damage is refused as BadData', (t) => {
  const bodies = {
    'field number 0': '00 01',
    'field number 0 in a longer tag': '80 00 01',
    'a field number that is too large': '80 80 80 80 10 01',
    'a tag of more than 32 bits': '88 80 80 80 80 01 01',
    'wire type 6': '0e 01',
    'wire type 7': '0f 01',
    'a group that ends without having begun': '0c',
    'a group that ends as another': '0b 14',
    'a group that never ends': '0b 08 01',
    'an inner group that ends as the outer': '0b 13 0c 14',
    'wire type 6 in a group': '0b 0e 0c',
    'a tag cut off': '88',
    'a varint cut off': '08 80',
    'a varint missing': '08',
    'a varint of eleven bytes': '08 80 80 80 80 80 80 80 80 80 80 01',
    'sixty-four bits cut off': '09 01 02 03 04 05 06 07',
    'thirty-two bits cut off': '0d 01 02 03',
    'a length missing': '0a',
    'a length past the end': '0a 02 ff',
    'a long length past the end': '0a ff ff ff ff 0f ff',
    'a length of 64 bits': '0a ff ff ff ff ff ff ff ff 7f',
  }
  for (const [name, hex] of Object.entries(bodies)) t.throws(() => skipAll(hex), BadData, name)
  t.end()
})

t.test('groups may be nested as deeply as Go reads them, without recursion', (t) => {
  t.doesNotThrow(() => skipAll('0b'.repeat(10_000) + '0c'.repeat(10_000)))
  t.throws(() => skipAll('0b'.repeat(10_001) + '0c'.repeat(10_001)), BadData)
  t.end()
})

t.test('varints are read in two words', (t) => {
  const cases: [hex: string, value: bigint][] = [
    ['00', 0n],
    ['7f', 127n],
    ['8001', 128n],
    ['ffffffff0f', 0xffff_ffffn],
    ['8080808010', 0x1_0000_0000n],
    ['ffffffffffffffff7f', 2n ** 63n - 1n],
    ['ffffffffffffffffff01', 2n ** 64n - 1n],
    ['80808080808080808001', 2n ** 63n],
  ]
  for (const [hex, value] of cases) {
    const cursor = new Cursor(Buffer.from(hex, 'hex'))
    cursor.varint(cursor.bytes.length)
    const read = (BigInt(cursor.high >>> 0) << 32n) | BigInt(cursor.low >>> 0)
    t.equal(read, value, hex)
    t.equal(cursor.at, cursor.bytes.length)
  }
  t.end()
})

t.test('nothing is read past the limit of a message inside a larger body', (t) => {
  const body = Buffer.from('0801 0801', 'hex')
  for (const read of [
    (cursor: Cursor) => cursor.fixed32(1),
    (cursor: Cursor) => cursor.fixed64(1),
    (cursor: Cursor) => cursor.delimited(1),
    (cursor: Cursor) => cursor.skip(cursor.tag(1), 1),
  ]) {
    t.throws(() => read(new Cursor(body)), BadData)
  }
  t.end()
})

t.test('a body that lies in the middle of other memory is read from its own beginning', (t) => {
  const cursor = new Cursor(Buffer.from('ffff0d01000000ff', 'hex').subarray(2, 7))
  t.equal(cursor.tag(5), 0x0d)
  t.equal(cursor.fixed32(5), 1)
  t.end()
})
