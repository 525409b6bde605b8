import t from 'tap'
import { RowBuffer } from '../../collector/translate/buffer'
import { writeDouble, writeInt64 } from '../../collector/translate/number'
import {
  toMicros,
  toRemainder,
  writeDuration,
  writeNanos,
  writeTimestamp,
} from '../../collector/translate/time'
import { createRandom } from '../helpers/random'

const MAX_UINT64 = 2n ** 64n - 1n
const EPOCH_US = 946_684_800_000_000n

function written(write: (rows: RowBuffer) => void): Buffer {
  const rows = new RowBuffer(1)
  write(rows)
  return rows.written()
}

function words(value: bigint): { low: number; high: number } {
  return { low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)) }
}

function integer(value: bigint): string {
  const { low, high } = words(value)
  return written((rows) => writeInt64(rows, low, high)).toString()
}

function double(value: number): string {
  return written((rows) => writeDouble(rows, value)).toString()
}

/** Numbers around every power of two and of ten. */
const EDGES = [...Array(64).keys()]
  .flatMap((power) => [2n ** BigInt(power), 10n ** BigInt(Math.min(power, 18))])
  .flatMap((value) => [value - 1n, value, value + 1n])
  .filter((value) => value < 2n ** 63n)

t.test('64-bit integers are written exactly', (t) => {
  const wrong: string[] = []
  for (const value of [...EDGES, ...EDGES.map((edge) => -edge), -(2n ** 63n), 2n ** 63n - 1n]) {
    if (integer(value) !== String(value)) wrong.push(`${value} became ${integer(value)}`)
  }
  t.strictSame(wrong, [])
  t.end()
})

t.test('doubles keep a point or lose their exponent only to jsonb', (t) => {
  t.strictSame([0, 1, -1, 2 ** 53, 0.5, -1.25, 1e-7, 1.5e-10, 5e-324].map(double), [
    '0.0',
    '1.0',
    '-1.0',
    '9007199254740992.0',
    '0.5',
    '-1.25',
    '1e-7',
    '1.5e-10',
    '5e-324',
  ])
  t.strictSame([-0, Number.NaN, Infinity, -Infinity].map(double), [
    '{"$double":"-0"}',
    '{"$double":"NaN"}',
    '{"$double":"Infinity"}',
    '{"$double":"-Infinity"}',
  ])
  t.equal(double(1e21), `1${'0'.repeat(21)}.0`)
  t.equal(double(-1.25e22), `-125${'0'.repeat(20)}.0`)
  t.equal(double(1e300), `1${'0'.repeat(300)}.0`)
  t.equal(double(1e20), `1${'0'.repeat(20)}.0`)
  t.end()
})

t.test('decimals of few places are written as JavaScript writes them', (t) => {
  const wrong: string[] = []
  const random = createRandom(2)
  for (let round = 0; round < 50_000; round++) {
    const value = (random.below(2_000_000_000) - 1_000_000_000) / 10 ** random.below(7)
    if (!Number.isInteger(value) && double(value) !== String(value)) wrong.push(double(value))
  }
  t.strictSame(wrong, [])
  t.strictSame([0.1, -0.05, 99.99, 999_999_999.5].map(double), [
    '0.1',
    '-0.05',
    '99.99',
    '999999999.5',
  ])
  t.end()
})

t.test('50,000 random doubles read back as themselves', (t) => {
  const wrong: string[] = []
  const random = createRandom(1)
  for (let round = 0; round < 50_000; round++) {
    const value = random.bytes(8).readDoubleLE()
    if (!Number.isFinite(value)) continue
    const text = double(value)
    if (Number(text) !== value || !/[.]|e-/.test(text) || text.includes('e+')) {
      wrong.push(`${value} became ${text}`)
    }
  }
  t.strictSame(wrong, [])
  t.end()
})

t.test('unix nanoseconds are written, and split into microseconds, exactly', (t) => {
  const wrong: string[] = []
  const random = createRandom(1)
  const times = Array.from({ length: 20_000 }, () => random.bytes(8).readBigUInt64LE())
  for (const time of [...EDGES, ...times, 1_784_635_200_123_456_789n, MAX_UINT64]) {
    const time64 = words(time)
    const text = written((rows) => writeNanos(rows, time64)).toString()
    const timestamp = written((rows) => writeTimestamp(rows, time64))
    if (text !== String(time)) wrong.push(`${time} became ${text}`)
    if (timestamp.readInt32BE() !== 8) wrong.push('the length is not 8')
    if (timestamp.readBigInt64BE(4) !== time / 1_000n - EPOCH_US) wrong.push(`timestamp of ${time}`)
    if (toRemainder(time64) !== Number(time % 1_000n)) wrong.push(`remainder of ${time}`)
    if (time < 2n ** 63n - 1n && toMicros(time64) !== Number(time / 1_000n))
      wrong.push(`µs of ${time}`)
  }
  t.strictSame(wrong, [])
  t.end()
})

t.test('durations are exact, and null where they are negative or over 63 bits', (t) => {
  const cases: [start: bigint, end: bigint, duration: bigint | null][] = [
    [5n, 5n, 0n],
    [5n, 4n, null],
    [0xffff_ffffn, 0x1_0000_0000n, 1n],
    [0x1_0000_0000n, 0xffff_ffffn, null],
    [1n, 2n ** 63n, 2n ** 63n - 1n],
    [1n, 2n ** 63n + 1n, null],
    [1n, MAX_UINT64, null],
    [1_784_635_200_123_456_789n, 1_784_635_200_223_456_790n, 100_000_001n],
  ]
  for (const [start, end, duration] of cases) {
    const bytes = written((rows) => writeDuration(rows, words(start), words(end)))
    t.equal(bytes.readInt32BE(), duration === null ? -1 : 8)
    if (duration !== null) t.equal(bytes.readBigInt64BE(4), duration)
  }
  t.end()
})
