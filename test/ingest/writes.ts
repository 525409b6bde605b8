import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { ExportRequest } from '../../collector/ingest/contract'
import type { Bury } from '../../collector/ingest/drain'
import { Pipeline, type PipelineOptions } from '../../collector/ingest/pipeline'
import { openSpool, type Spool } from '../../collector/ingest/spool/spool'
import type { GroupRequest, GroupResult, WriteGroup } from '../../collector/store/group'
import { createCounters } from '../../collector/telemetry/counters'
import { SPAN, type Translated } from '../../collector/translate/rows'
import { until } from '../helpers/until'

export const TIMEOUT_MS = 10_000
const HOUR_MS = 3_600_000
const MIB = 1024 * 1024
export const silent = pino({ level: 'silent' })

interface Test {
  teardown(fn: () => Promise<void>): void
}

/** A transaction under way, ended by the test. */
export interface Write {
  readonly group: readonly GroupRequest[]
  readonly signal: AbortSignal
  readonly resolve: (results: readonly GroupResult[]) => void
  readonly reject: (error: Error) => void
  /** Commits every request of the group. */
  readonly store: () => void
}

/** A write function under the test's control, and the transactions it was given. */
export function controlledWrites(): { writes: Write[]; write: WriteGroup } {
  const writes: Write[] = []
  return {
    writes,
    write: (group, signal) =>
      new Promise((resolve, reject) => {
        const store = () => resolve(group.map(() => ({ kind: 'stored', poison: [] })))
        writes.push({ group, signal, resolve, reject, store })
      }),
  }
}

/** A write function that stores everything at once, and the digests it was given, in order. */
export function storingWrites(): { digests: string[]; write: WriteGroup } {
  const digests: string[] = []
  return {
    digests,
    write: (group) => {
      digests.push(...group.map(({ digest }) => digest))
      return Promise.resolve(group.map(() => ({ kind: 'stored', poison: [] })))
    },
  }
}

/** A spool in a folder of the test's own. */
export async function temporarySpool(
  t: Test,
  options: { folder?: string; maxBytes?: number } = {},
): Promise<Spool> {
  const folder = options.folder ?? temporaryFolder(t)
  const spool = await openSpool({
    folder: join(folder, 'spool'),
    maxBytes: options.maxBytes ?? 64 * MIB,
    maxAgeMs: 24 * HOUR_MS,
    nowMs: Date.now,
    counters: createCounters(),
    log: silent,
  })
  t.teardown(() => spool.close())
  return spool
}

export function temporaryFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-ingest-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true })
    return Promise.resolve()
  })
  return folder
}

/** A pipeline on a spool of its own, with one writer unless told; stopped at teardown. It may not have asked for Postgres yet. */
export async function createPipeline(
  t: Test,
  options: Partial<PipelineOptions> & Pick<PipelineOptions, 'write'>,
): Promise<{ pipeline: Pipeline; spool: Spool; buried: Parameters<Bury>[] }> {
  const spool = options.spool ?? (await temporarySpool(t))
  const buried: Parameters<Bury>[] = []
  const pipeline = new Pipeline({
    decode: ({ body }) => body,
    translate: () => translated(),
    giveBack: () => undefined,
    writers: 1,
    spool,
    bury: (...dead) => {
      buried.push(dead)
      return Promise.resolve(true)
    },
    receiptWindowMs: 24 * HOUR_MS,
    probe: () => Promise.resolve(),
    refusal: () => null,
    counters: createCounters(),
    log: silent,
    // Who wants a short one says so: this process may be kept waiting for some seconds.
    ackDeadlineMs: TIMEOUT_MS,
    ...options,
  })
  t.teardown(() => pipeline.stop(0))
  return { pipeline, spool, buried }
}

/** The same, when it takes requests for Postgres. */
export async function startPipeline(
  ...[t, options]: Parameters<typeof createPipeline>
): ReturnType<typeof createPipeline> {
  const started = await createPipeline(t, options)
  await until(() => started.pipeline.away() === null, TIMEOUT_MS, 'a usable pipeline')
  return started
}

/** What a request of so many spans becomes. */
export function translated(fields: Partial<Translated> = {}): Translated {
  const accepted = fields.accepted ?? 1
  const zeros = Array<number>(accepted).fill(0)
  const copy = { table: SPAN, bytes: new Uint8Array(), offsets: zeros, sources: zeros }
  return {
    copies: accepted > 0 ? [{ ...copy, days: [20_000] }] : [],
    throws: [],
    dictionary: [],
    accepted,
    rejected: 0,
    unassociated: 0,
    correlationsLeftOut: 0,
    throwsLeftOut: 0,
    eventsLeftOut: 0,
    rejection: '',
    repairedStrings: 0,
    truncatedAttributes: { count: 0, length: 0 },
    overflowed: {
      operation: 0,
      resource: 0,
      scope: 0,
      metric_series: 0,
      error_group_hash: 0,
      release: 0,
      catalogue: 0,
    },
    ...fields,
  }
}

/** Follows an export from its acceptance to its answer and its release. */
export function send(pipeline: Pipeline, body = 'a body', fields: Partial<ExportRequest> = {}) {
  const request: ExportRequest = {
    signal: 'traces',
    encoding: 'protobuf',
    body: Buffer.from(body),
    tenant: null,
    receivedMs: Date.now(),
    ...fields,
  }
  const sent = { isAnswered: false, releases: 0 }
  const answer = pipeline.accept(request, () => sent.releases++)
  const settled = () => {
    sent.isAnswered = true
  }
  answer.then(settled, settled)
  return Object.assign(sent, { answer })
}
