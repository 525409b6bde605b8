/**
 * Spools requests of the size given in the folder given until the disk takes no more, and prints how many were taken, why
 * no more were, and its log. Then makes room, and prints how it goes on: by removing the file given third, or by settling
 * everything if that is "settle".
 */
import { rmSync } from 'node:fs'
import { pino } from 'pino'
import { openSpool } from '../../collector/ingest/spool/spool'
import { createCounters } from '../../collector/telemetry/counters'
import { until } from './until'

const SMALL = 10
const MOST = 10_000

async function run(folder: string, bodyBytes: number, room?: string): Promise<void> {
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
  const failures: string[] = []
  const tryToAppend = (bytes: number) =>
    append(bytes).then(
      () => taken++,
      (error: unknown) => failures.push(String(error)),
    )
  for (let i = 0; i < SMALL; i++) await tryToAppend(1000)
  for (let i = 0; i < MOST && failures.length < 3; i++) await tryToAppend(bodyBytes)
  console.log(JSON.stringify({ taken, failures, refusal: spool.refusal(), lines }))
  if (room !== undefined) {
    const all = await spool.next(1024 ** 3)
    if (room === 'settle') await spool.settle(all.map(({ ref }) => ref))
    else rmSync(room)
    const { records } = spool.state()
    await until(() => spool.refusal() === null, 20_000, 'room on the disk')
    await append(bodyBytes)
    console.log(JSON.stringify({ handedOut: all.length, records, lines }))
  }
  await spool.close()
}

const [folder = '', bodyBytes, room] = process.argv.slice(2)
void run(folder, Number(bodyBytes), room).catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
