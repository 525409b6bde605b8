import type { Pool } from 'pg'
import type { Bury } from './ingest/drain'
import { Handover } from './ingest/handover/handover'
import type { Inbox } from './ingest/handover/inbox'
import type { Pipeline } from './ingest/pipeline'
import type { CollectorParts } from './parts'
import type { Admission } from './receiver/admission'
import { createTokenHashCheck } from './receiver/token'
import type { Release } from './release'
import { isReceiptKept } from './store/maintenance'
import type { Counters } from './telemetry/counters'

const HOUR_MS = 3_600_000
const QUESTION_MS = 5_000

/** What files are taken into. */
interface Inside {
  /** Null where nothing is handed over. */
  readonly inbox: Inbox | null
  readonly pool: Pool
  readonly pipeline: Pipeline
  readonly admission: Admission
  readonly bury: Bury
  readonly counters: Counters
}

/** Starts to take what applications left; null where nothing is handed over. */
export function openHandover(
  { config, tokens, log }: CollectorParts,
  { inbox, pool, pipeline, admission, bury, counters }: Inside,
  releases: Release[],
): Handover | null {
  if (inbox === null) return null
  const handover = new Handover({
    inbox,
    accept: (request, onReleased) => pipeline.accept(request, onReleased),
    isOpen: () => pipeline.away() === null && !pipeline.isStopping,
    admit: () => admission.open(),
    maxBodyBytes: config.maxBodyBytes,
    tenantOf: createTokenHashCheck(tokens.filter(({ scope }) => scope === 'ingest')),
    receiptWindowMs: config.spoolMaxAgeHours * HOUR_MS,
    isReceiptKept: (ageMs) => isReceiptKept(pool, ageMs, AbortSignal.timeout(QUESTION_MS)),
    bury,
    nowMs: Date.now,
    counters,
    log: log.child({ part: 'handover' }),
  })
  releases.push(() => handover.stop())
  return handover
}
