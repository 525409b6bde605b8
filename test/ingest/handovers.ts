import { join } from 'node:path'
import { pino } from 'pino'
import { Handover, type HandoverOptions } from '../../collector/ingest/handover/handover'
import { Inbox } from '../../collector/ingest/handover/inbox'
import { createAdmission } from '../../collector/receiver/admission'
import { createCounters } from '../../collector/telemetry/counters'
import { createPipeline, silent, storingWrites, temporaryFolder } from './writes'

const MIB = 1024 * 1024
const HOUR_MS = 3_600_000

type Options = Partial<Omit<HandoverOptions, 'inbox'>> & {
  readonly folder?: string
  readonly isChosen?: boolean
  readonly pipeline?: Partial<Parameters<typeof createPipeline>[1]>
}

interface Test {
  teardown(fn: () => Promise<void>): void
}

/** A log whose lines can be read. */
export function readableLog() {
  const lines: string[] = []
  return { lines, log: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }) }
}

/** What takes the files of a folder, on a pipeline that stores everything at once unless told otherwise. */
export async function startHandover(t: Test, options: Options = {}) {
  const folder = options.folder ?? join(temporaryFolder(t), 'handover')
  const { digests, write } = storingWrites()
  const counters = options.counters ?? createCounters()
  const started = await createPipeline(t, { write, ...options.pipeline })
  const { pipeline } = started
  const log = options.log ?? silent
  const inbox = new Inbox({
    folder: { path: folder, isChosen: options.isChosen ?? true },
    nowMs: Date.now,
    log,
  })
  await inbox.look()
  const buried: Parameters<HandoverOptions['bury']>[] = []
  const admission = createAdmission(128 * MIB)
  const handover = new Handover({
    inbox,
    accept: (request, onReleased) => pipeline.accept(request, onReleased),
    isOpen: () => pipeline.away() === null && !pipeline.isStopping,
    admit: () => admission.open(),
    maxBodyBytes: 64 * MIB,
    tenantOf: () => null,
    receiptWindowMs: 24 * HOUR_MS,
    isReceiptKept: () => Promise.resolve(true),
    bury: (...dead) => {
      buried.push(dead)
      return Promise.resolve(true)
    },
    nowMs: Date.now,
    counters,
    log,
    ...options,
  })
  t.teardown(async () => {
    await handover.stop()
    await inbox.close()
  })
  return { ...started, folder, inbox, handover, counters, digests, buried, admission }
}
