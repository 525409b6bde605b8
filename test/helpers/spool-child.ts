/** Stands for a collector: appends requests without end to the spool in the folder given and prints the digest of each that is on disk. */
import { pino } from 'pino'
import { openSpool } from '../../collector/ingest/spool/spool'
import { createCounters } from '../../collector/telemetry/counters'

const CALLERS = 20

async function run(folder: string, bodyBytes: number): Promise<void> {
  const spool = await openSpool({
    folder,
    maxBytes: 1024 ** 3,
    maxAgeMs: 3_600_000,
    nowMs: Date.now,
    log: pino({ level: 'silent' }),
    counters: createCounters(),
    segmentBytes: 256 * 1024,
  })
  let sent = 0
  const call = async () => {
    for (;;) {
      const digest = `00000000-0000-0000-0000-${String(++sent).padStart(12, '0')}`
      const body = Buffer.alloc(bodyBytes, digest)
      const request = { digest, signal: 'traces', tenant: null, receivedMs: Date.now() } as const
      await spool.append({ ...request, body, isInDoubt: false })
      console.log(digest)
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, call))
}

void run(process.argv[2] ?? '', Number(process.argv[3])).catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
