import type { Pool } from 'pg'
import { type Config, retentionDaysOf } from './config'
import { type Doors, openDoors } from './doors'
import { openHandover } from './handover'
import { openHostMetrics } from './host'
import type { ExportRequest, Message } from './ingest/contract'
import type { Bury } from './ingest/drain'
import { Pipeline, type Remains } from './ingest/pipeline'
import { protobufFromJson } from './otlp/json'
import {
  EXPORT_LOGS_SERVICE_REQUEST,
  EXPORT_METRICS_SERVICE_REQUEST,
  EXPORT_TRACE_SERVICE_REQUEST,
} from './otlp/schema'
import { bySignal } from './otlp/signal'
import type { CollectorParts } from './parts'
import { createAdmission } from './receiver/admission'
import { type Release, releaseAll } from './release'
import { type Lend, Slabs } from './slabs'
import { openStorage, WRITERS } from './storage'
import { keepDeadLetters, WHOLE_REQUEST } from './store/dead-letter'
import { MigrationError } from './store/migrate'
import { createCounters } from './telemetry/counters'
import type { Translated } from './translate/rows'
import { createTranslator } from './translate/translator'

const HOUR_MS = 3_600_000
const HOURS_A_DAY = 24
const DICTIONARY_CACHE_SIZE = 20_000

/** Of the time for a stop, what the last words to a Postgres that hangs take. */
const LAST_WORDS_MS = 3_000

/** A running collector. */
export interface Collector extends Doors {
  /** Resolves when the database answers and its schema is up to date for the first time. */
  readonly ready: Promise<void>
  /** Resolves with the reason when the collector cannot go on and is to be stopped. */
  readonly failed: Promise<Error>
  /** What would be left behind by an end at this moment. */
  remains(): Remains
  /**
   * Takes what applications have just left, refuses what is new, stores or keeps on disk what is in flight until the
   * deadline, and lets everything go in the reverse order of the start.
   */
  stop(deadlineMs: number): Promise<void>
}

/** Wires the parts and starts them. Throws when the database cannot be started or a door is taken; what was started by then is stopped. */
export async function startCollector(parts: CollectorParts): Promise<Collector> {
  const releases: Release[] = []
  try {
    return await start(parts, releases)
  } catch (error) {
    await releaseAll(releases)
    throw error
  }
}

async function start(parts: CollectorParts, releases: Release[]): Promise<Collector> {
  const { config } = parts
  const ready = createPromise<void>()
  const failed = createPromise<Error>()
  const counters = createCounters()
  const slabs = new Slabs()
  const onLost = (reason: string) => pipeline.lose(reason)
  const storage = await openStorage(parts, counters, releases, { onMisfit: failed.resolve, onLost })
  const { database, keeper, leader, writer, spool, pool } = storage
  const inUse = (bytes: number) => counters.admittedBytes.set(bytes)
  const admission = createAdmission(config.admissionBytes, inUse, slabs.lend)
  const bury = createBury(pool)
  const pipeline = new Pipeline({
    ...createTranslation(config, slabs.lend),
    giveBack: slabs.giveBack,
    write: writer.write,
    writers: WRITERS,
    spool,
    bury,
    receiptWindowMs: config.spoolMaxAgeHours * HOUR_MS,
    refusal: () => database.refusal(),
    async probe() {
      await keeper.prepare().catch((error: unknown) => {
        if (error instanceof MigrationError) failed.resolve(error)
        throw error
      })
      leader?.start()
      ready.resolve()
    },
    counters,
    log: parts.log,
  })
  const deadline = { atMs: 0 }
  const remainingMs = () => Math.max(0, deadline.atMs - performance.now())
  const handover = openHandover(
    parts,
    { ...storage, pipeline, admission, bury, counters },
    releases,
  )
  releases.push(() => pipeline.stop(remainingMs()))
  const doors = await openDoors(
    parts,
    { ...storage, pipeline, admission, counters, remainingMs },
    releases,
  )
  openHostMetrics(parts, { ...storage, pipeline, counters }, releases)
  return {
    ...doors,
    ready: ready.promise,
    failed: failed.promise,
    remains: () => pipeline.remains(),
    async stop(deadlineMs) {
      deadline.atMs = performance.now() + deadlineMs - Math.min(LAST_WORDS_MS, deadlineMs / 3)
      await handover?.drain(remainingMs() / 3)
      pipeline.refuseNew()
      await releaseAll(releases)
    },
  }
}

/** `Promise.withResolvers` without rejection, which Node 20 has not. */
function createPromise<T>(): {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
} {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>((settle) => (resolve = settle))
  return { promise, resolve }
}

function createBury(pool: Pool): Bury {
  return async ({ digest, signal, tenant, receivedMs, body }, message, limit) => {
    const about = { digest, ...WHOLE_REQUEST, signal, tenant, receivedMs, sqlstate: null }
    return (await keepDeadLetters(pool, [{ ...about, message, body }], limit)).length === 0
  }
}

const REQUESTS = {
  traces: EXPORT_TRACE_SERVICE_REQUEST,
  metrics: EXPORT_METRICS_SERVICE_REQUEST,
  logs: EXPORT_LOGS_SERVICE_REQUEST,
}

function createTranslation(config: Config, lend: Lend) {
  const translator = createTranslator({
    retentionMs: bySignal((signal) => retentionDaysOf(config, signal) * HOURS_A_DAY * HOUR_MS),
    maxAheadMs: HOURS_A_DAY * HOUR_MS,
    tenantAttributes: config.tenantAttributes,
    correlationAttributes: config.correlationAttributes,
    dictionaryCacheSize: DICTIONARY_CACHE_SIZE,
    errorFingerprintAttributes: config.errorFingerprintAttributes,
    errorUserAttributes: config.errorUserAttributes,
    fingerprintRules: config.fingerprintRules,
    limits: config,
    lend,
  })
  return {
    decode: ({ signal, encoding, body }: ExportRequest): Uint8Array =>
      encoding === 'json' ? protobufFromJson(body, REQUESTS[signal], lend) : body,
    translate: (message: Message): Translated => translator.translate(message),
  }
}
