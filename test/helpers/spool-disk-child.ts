/**
 * Spools requests of the size given in the folder given until the disk takes no more and prints how many were taken, why no more were, and
 * its log; then removes the file given third, if any, and prints how it goes on.
 */
import { rmSync } from 'node:fs'
import { pino } from 'pino'
import { openSpool } from '../../collector/ingest/spool/spool'
import { createCounters } from '../../collector/telemetry/counters'
import { until } from './until'

const SMALL = 10
const MOST = 10_000

async function run(folder: string, bodyBytes: number, ballast?: string): Promise<void> {
  // Otherwise the limit on the size of a file ends the process.
  process.on('SIGXFSZ', () => undefined)
  const lines: string[] = []
  const spool = await openSpool({
    folder,
    maxBytes: 1024 ** 3,
    maxAgeMs: 3_600_000,
    nowMs: Date.now,
    log: pino({}, { write: (line) => lines.push((JSON.parse(line) as { msg: string }).msg) }),
    counters: createCounters(),
  })
  const append = (bytes: number) =>
    spool.append({
      digest: '01234567-89ab-cdef-0123-456789abcdef',
      signal: 'traces',
      tenant: null,
      receivedMs: Date.now(),
      body: Buffer.alloc(bytes, 'x'),
      isInDoubt: false,
    })
  let taken = 0
  for (; taken < SMALL; taken++) await append(1000)
  const failures: string[] = []
  for (let tried = 0; tried < MOST && failures.length < 3; tried++) {
    await append(bodyBytes).then(
      () => taken++,
      (error: unknown) => failures.push(String(error)),
    )
  }
  console.log(JSON.stringify({ taken, failures, refusal: spool.refusal(), lines }))
  if (ballast !== undefined) {
    rmSync(ballast)
    await until(() => spool.refusal() === null, 20_000, 'room on the disk')
    await append(bodyBytes)
    taken++
    const handedOut = (await spool.next(1024 ** 3)).length
    console.log(JSON.stringify({ taken, handedOut, lines }))
  }
  await spool.close()
}

const [folder = '', bodyBytes, ballast] = process.argv.slice(2)
void run(folder, Number(bodyBytes), ballast).catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
