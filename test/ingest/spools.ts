/** Spools for the tests: on the real file system, closed at teardown. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { openSpool, type Spool, type SpoolOptions } from '../../collector/ingest/spool/spool'
import type { SpoolRequest } from '../../collector/ingest/spool/spool'
import { createCounters } from '../../collector/telemetry/counters'

interface Teardown {
  teardown(fn: () => void | Promise<void>): void
}

export const KIB = 1024
export const MIB = 1024 * KIB
export const HOUR_MS = 3_600_000
export const NOW_MS = 1_750_000_000_000

/** A folder that is not there yet. */
export function spoolFolder(t: Teardown): string {
  const parent = mkdtempSync(join(tmpdir(), 'sidelight-spool-'))
  chmodSync(parent, 0o755)
  t.teardown(() => rmSync(parent, { recursive: true, force: true }))
  return join(parent, 'spool')
}

export interface TestSpool extends Spool {
  readonly counters: ReturnType<typeof createCounters>
  /** The messages of its log, with their level: `error the spool ...`. */
  readonly lines: readonly string[]
  /** Bodies of all that is ready, as text. */
  drain(): Promise<string[]>
}

export async function openAt(
  t: Teardown,
  folder: string,
  overrides: Partial<SpoolOptions> = {},
): Promise<TestSpool> {
  const counters = createCounters()
  const lines: string[] = []
  const log = pino(
    { formatters: { level: (level) => ({ level }) } },
    {
      write(line: string) {
        const { level, msg } = JSON.parse(line) as { level: string; msg: string }
        lines.push(`${level} ${msg}`)
      },
    },
  )
  const spool = await openSpool({
    folder,
    maxBytes: 64 * MIB,
    maxAgeMs: 24 * HOUR_MS,
    nowMs: () => NOW_MS,
    log,
    counters,
    ...overrides,
  })
  t.teardown(() => spool.close())
  return {
    counters,
    lines,
    refusal: () => spool.refusal(),
    append: (request, options) => spool.append(request, options),
    release: (refs) => spool.release(refs),
    settle: (refs) => spool.settle(refs),
    next: (maxBytes) => spool.next(maxBytes),
    state: () => spool.state(),
    close: () => spool.close(),
    async drain() {
      const bodies: string[] = []
      for (;;) {
        const batch = await spool.next(MIB)
        if (batch.length === 0) return bodies
        for (const { request } of batch) bodies.push(textOf(request))
      }
    },
  }
}

export function textOf({ body }: SpoolRequest): string {
  return Buffer.from(body).toString()
}

export function request(body: string, overrides: Partial<SpoolRequest> = {}): SpoolRequest {
  return {
    digest: '01234567-89ab-cdef-0123-456789abcdef',
    signal: 'traces',
    tenant: null,
    receivedMs: NOW_MS,
    body: Buffer.from(body),
    isInDoubt: false,
    ...overrides,
  }
}

/** How many fsyncs its appends took. */
export async function countSyncs({ counters }: TestSpool): Promise<number> {
  const { values } = await counters.spoolSyncSeconds.get()
  return values.find(({ metricName }) => metricName?.endsWith('_count'))?.value ?? 0
}

export async function valueOf(spool: TestSpool, metric: string): Promise<number | undefined> {
  const text = await spool.counters.registry.metrics()
  const value = new RegExp(`^${metric} (.*)$`, 'm').exec(text)?.[1]
  return value === undefined ? undefined : Number(value)
}
