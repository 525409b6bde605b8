/** Spools as many small requests as it is told and opens the spool again; prints how much memory each took. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { pino } from 'pino'
import { openSpool } from '../../collector/ingest/spool/spool'
import { createCounters } from '../../collector/telemetry/counters'

const GROUP = 2_000

async function run(folder: string, count: number): Promise<void> {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const heapBytes = () => {
    collectGarbage()
    return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
  }
  const counters = createCounters()
  const log = pino({ level: 'silent' })
  const options = {
    folder,
    maxBytes: 1024 ** 3,
    maxAgeMs: 3_600_000,
    nowMs: Date.now,
    log,
    counters,
  }
  const digest = '01234567-89ab-cdef-0123-456789abcdef'
  const body = Buffer.alloc(100, 'x')
  const spool = await openSpool(options)
  const fill = async (records: number) => {
    for (let i = 0; i < records; i += GROUP) {
      const append = () =>
        spool.append({
          digest,
          signal: 'traces',
          tenant: null,
          receivedMs: Date.now(),
          body,
          isInDoubt: false,
        })
      await Promise.all(Array.from({ length: GROUP }, append))
    }
  }
  await fill(GROUP)
  const beforeBytes = heapBytes()
  await fill(count - GROUP)
  const appendedBytes = heapBytes() - beforeBytes
  await spool.close()

  const again = await openSpool(options)
  const { records } = again.state()
  const openedBytes = heapBytes() - beforeBytes
  console.log(JSON.stringify({ records, appendedBytes, openedBytes }))
  await again.close()
}

void run(process.argv[2] ?? '', Number(process.argv[3])).catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
