import { pino } from 'pino'
import type { ExportRequest } from '../../collector/ingest/contract'
import { Pipeline, type PipelineOptions } from '../../collector/ingest/pipeline'
import type { GroupRequest, GroupResult, WriteGroup } from '../../collector/store/group'
import { createCounters } from '../../collector/telemetry/counters'
import { SPAN, type Translated } from '../../collector/translate/rows'
import { until } from '../helpers/until'

export const TIMEOUT_MS = 10_000

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

/** A pipeline that is ready, with one writer unless told; drained at teardown. */
export async function startPipeline(
  t: { teardown(fn: () => Promise<void>): void },
  options: Partial<PipelineOptions> & Pick<PipelineOptions, 'write'>,
): Promise<Pipeline> {
  const pipeline = new Pipeline({
    translate: () => translated(),
    writers: 1,
    probe: () => Promise.resolve(),
    counters: createCounters(),
    log: pino({ level: 'silent' }),
    ...options,
  })
  t.teardown(async () => {
    await pipeline.drain(0)
  })
  await until(() => pipeline.refusal() === null, TIMEOUT_MS, 'a usable pipeline')
  return pipeline
}

/** What a request of so many spans becomes. */
export function translated(fields: Partial<Translated> = {}): Translated {
  const accepted = fields.accepted ?? 1
  const zeros = Array<number>(accepted).fill(0)
  const copy = { table: SPAN, bytes: new Uint8Array(), offsets: zeros, sources: zeros }
  return {
    body: new Uint8Array(),
    copies: accepted > 0 ? [{ ...copy, days: [20_000] }] : [],
    dictionary: [],
    accepted,
    rejected: 0,
    rejection: '',
    repairedStrings: 0,
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
