import { createHash } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import { inTransaction, withClient } from '../../collector/store/session'
import {
  bucketIndexOf,
  type Distribution,
  mergeDistributions,
} from '../../collector/translate/distribution'
import type { Major } from '../helpers/postgres'
import { ensurePartitions, openDatabase, type Test } from './database'

export const MINUTE_NS = 60_000_000_000n
export const HOUR_NS = 60n * MINUTE_NS
export const DAY_NS = 24n * HOUR_NS
const DAYS_BACK = 45

export interface Subject {
  readonly kind: 'webhook' | 'rule' | 'rate_limit' | 'api' | 'business' | 'cost'
  readonly subject: string
  readonly detail?: string
  readonly tenant?: string
}

/** What an application told, as ingest reads it. */
export interface SeedEvent extends Subject {
  readonly atNs: bigint
  readonly outcome: 'succeeded' | 'failed' | 'started' | 'registered' | 'observed'
  readonly durationNs?: number
  readonly amount?: number
  readonly attributes?: Readonly<Record<string, unknown>>
  readonly service?: number
  readonly traceId?: string
}

/** A database with the partitions of the last weeks and two services, 1 `shop` and 2 `mail`. */
export async function openEvents(t: Test, major?: Major): Promise<Pool> {
  const pool = await openDatabase(t, major === undefined ? {} : { major })
  const today = Math.floor(Date.now() / 86_400_000)
  const days = Array.from({ length: DAYS_BACK + 2 }, (_, n) => today + 1 - n)
  await ensurePartitions(pool, 'event', days)
  await ensurePartitions(pool, 'event_rollup', days)
  await pool.query(
    `insert into sidelight.service values (1, '', 'prod', '', 'shop'), (2, '', 'prod', '', 'mail')`,
  )
  return pool
}

export function nowNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n
}

/** The id of its row of `catalogue`, as text. */
export function idOf({ kind, subject, detail = '', tenant = '' }: Subject): string {
  const content = JSON.stringify([tenant, kind, subject, detail])
  return String(createHash('sha256').update(content).digest().readBigInt64BE())
}

/** Stores what one request told: the rows and, in the same transaction, what they add up to. */
export async function store(pool: Pool, events: readonly SeedEvent[]): Promise<void> {
  await withClient(pool, undefined, async (client) => {
    await insertCatalogue(client, events)
    await inTransaction(client, async () => {
      await insertEvents(client, events.filter(hasRow))
      await client.query(INSERT_ROLLUPS, [JSON.stringify(rollupsOf(events))])
    })
  })
}

/** Everything that is not folded yet is afterwards. */
export async function refresh(pool: Pool): Promise<void> {
  await pool.query('select sidelight.refresh_monitoring_views()')
}

/** How what happened adds up; null where no duration is known. */
export function durationsOf(events: readonly SeedEvent[]): Distribution | null {
  return mergeDistributions(events.map(distributionOf))
}

export function minuteOf({ atNs }: SeedEvent): bigint {
  return atNs - (atNs % MINUTE_NS)
}

export function maxOf(values: readonly bigint[]): bigint | null {
  return values.reduce<bigint | null>(
    (max, value) => (max === null || value > max ? value : max),
    null,
  )
}

export function isCounted({ outcome }: SeedEvent): boolean {
  return outcome !== 'registered' && outcome !== 'observed'
}

export function isoOf(ns: bigint): string {
  const micros = String((ns / 1_000n) % 1_000_000n).padStart(6, '0')
  return new Date(Number(ns / 1_000_000n)).toISOString().replace(/\.\d+Z$/, `.${micros}Z`)
}

function hasRow({ kind }: SeedEvent): boolean {
  return kind !== 'api' && kind !== 'cost'
}

async function insertCatalogue(client: PoolClient, events: readonly SeedEvent[]): Promise<void> {
  for (const event of events) {
    const { kind, subject, detail = '', tenant = '' } = event
    await client.query(
      `insert into sidelight.catalogue (id, tenant, kind, subject, detail) values ($1, $2, $3, $4, $5)
       on conflict do nothing`,
      [idOf(event), tenant, kind, subject, detail],
    )
  }
}

async function insertEvents(client: PoolClient, events: readonly SeedEvent[]): Promise<void> {
  const rows = events.map((event) => ({
    time: isoOf(event.atNs),
    catalogue_id: idOf(event),
    service_id: event.service ?? 1,
    trace_id: event.traceId ?? null,
    span_id: null,
    time_ns: Number(event.atNs % 1_000n),
    outcome: event.outcome,
    duration_ns: event.durationNs ?? null,
    amount: event.amount ?? null,
    attributes: event.attributes ?? null,
  }))
  await client.query(
    `insert into sidelight.event
     select r.* from jsonb_populate_recordset(null::sidelight.event, $1::jsonb) as r`,
    [JSON.stringify(rows)],
  )
}

const INSERT_ROLLUPS = `
insert into sidelight.event_rollup
select r.* from jsonb_populate_recordset(null::sidelight.event_rollup, $1::jsonb) as r`

function rollupsOf(events: readonly SeedEvent[]) {
  const groups = new Map<string, SeedEvent[]>()
  for (const event of events) {
    const key = `${minuteOf(event)} ${idOf(event)} ${event.service ?? 1}`
    groups.set(key, [...(groups.get(key) ?? []), event])
  }
  return [...groups.values()].map(rollupOf)
}

function rollupOf(events: readonly SeedEvent[]) {
  const [first] = events
  if (first === undefined) throw new Error('cannot roll up: no event')
  const counted = events.filter(isCounted)
  const failed = counted.filter(({ outcome }) => outcome === 'failed')
  const durations = durationsOf(counted)
  const latest = (some: readonly SeedEvent[]) =>
    maxOf(some.map(({ atNs }) => atNs))?.toString() ?? null
  return {
    bucket: isoOf(minuteOf(first)),
    level: 0,
    catalogue_id: idOf(first),
    service_id: first.service ?? 1,
    event_count: counted.length,
    failed_count: failed.length,
    amount: counted.reduce((sum, { amount = 0 }) => sum + amount, 0),
    duration_sum_ns: durations?.sumNs ?? 0,
    duration_min_ns: durations?.minNs ?? null,
    duration_max_ns: durations?.maxNs ?? null,
    zero_count: durations?.zeroCount ?? 0,
    bucket_indexes: durations?.indexes ?? [],
    bucket_counts: durations?.counts ?? [],
    last_success_ns: latest(counted.filter(({ outcome }) => outcome === 'succeeded')),
    last_failure_ns: latest(failed),
    registered_ns: latest(events.filter((event) => !isCounted(event))),
  }
}

function distributionOf({ durationNs }: SeedEvent): Distribution | null {
  if (durationNs === undefined) return null
  const isZero = durationNs === 0
  return {
    minNs: durationNs,
    maxNs: durationNs,
    sumNs: durationNs,
    zeroCount: isZero ? 1 : 0,
    indexes: isZero ? [] : [bucketIndexOf(durationNs)],
    counts: isZero ? [] : [1],
  }
}
