import t from 'tap'
import { parseMemory } from '../../../collector/telemetry/host/memory'
import { readProc } from './fixture'

const KIB = 1024

t.test('used is what is not available, and the states add up to the total', async (t) => {
  const memory = parseMemory(readProc('server', 'meminfo'))
  t.strictSame(memory, {
    totalBytes: 32_768_000 * KIB,
    availableBytes: 20_480_000 * KIB,
    usedBytes: 12_288_000 * KIB,
    freeBytes: 2_048_000 * KIB,
    buffersBytes: 512_000 * KIB,
    cachedBytes: 17_920_000 * KIB,
    swapTotalBytes: 8_388_608 * KIB,
    swapFreeBytes: 8_126_464 * KIB,
  })
  t.equal(
    (memory?.usedBytes ?? 0) +
      (memory?.freeBytes ?? 0) +
      (memory?.buffersBytes ?? 0) +
      (memory?.cachedBytes ?? 0),
    memory?.totalBytes,
  )
})

const CASES: [string, string, object][] = [
  [
    'less available than free: what the kernel keeps back is used',
    'MemTotal: 100 kB\nMemFree: 50 kB\nMemAvailable: 40 kB\nBuffers: 5 kB\nCached: 6 kB\n',
    { usedBytes: 60 * KIB, freeBytes: 40 * KIB, buffersBytes: 0, cachedBytes: 0 },
  ],
  [
    'without MemAvailable: file cache and slabs can be dropped, shared memory cannot',
    'MemTotal: 100 kB\nMemFree: 10 kB\nBuffers: 5 kB\nCached: 30 kB\nSReclaimable: 4 kB\nShmem: 9 kB\n',
    { availableBytes: 40 * KIB, usedBytes: 60 * KIB, buffersBytes: 5 * KIB, cachedBytes: 25 * KIB },
  ],
  ['no swap', 'MemTotal: 100 kB\nMemAvailable: 40 kB\n', { swapTotalBytes: 0, swapFreeBytes: 0 }],
]

for (const [title, meminfo, expected] of CASES) {
  t.test(`memory with ${title}`, async (t) => {
    t.match(parseMemory(meminfo), expected)
  })
}

t.test('a text without the total is no reading', async (t) => {
  t.equal(parseMemory('MemFree: 1 kB\n'), null)
})
