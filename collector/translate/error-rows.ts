import { createHash } from 'node:crypto'
import { RowBuffer } from './buffer'
import { INT8_OID, writeArrayHeader } from './data-point-numbers'
import { type ErrorThrow, SEVERITY } from './error-throw'
import { writeBool, writeInt16, writeWhole } from './fields'
import {
  jsonOf,
  writeGivenHex,
  writeGivenInteger,
  writeGivenJson,
  writeGivenText,
} from './given-fields'
import { type CopyRows, ERROR_OCCURRENCE, ERROR_ROLLUP, type Table } from './rows'

/** A throw that is counted now. */
export interface CountedThrow {
  readonly thrown: ErrorThrow
  /** uuid: the hash it counts by, that of who told of it first. */
  readonly hash: string
  /** False when it was counted before, for less than an error, and is one now. */
  readonly isNew: boolean
}

/** So many hashes of users tell how many there are, with a standard error of an eighth. */
export const MOST_USER_HASHES = 64

/** What counted throws become: rows of `ERROR_ROLLUP`, each of a minute, and of `ERROR_OCCURRENCE`. */
export function encodeErrors(counted: readonly CountedThrow[]): CopyRows[] {
  const occurrences = counted.filter(({ isNew, thrown }) => isNew && thrown.occurrence !== null)
  return [
    encodeAll(ERROR_ROLLUP, deltasOf(counted), writeDelta, ({ thrown }) => dayOfMinute(thrown)),
    encodeAll(ERROR_OCCURRENCE, occurrences, writeOccurrence, ({ thrown }) => dayOfThrow(thrown)),
  ].filter(({ offsets }) => offsets.length > 0)
}

/** The UTC day, in days since 1970-01-01, of the minute in which a throw counts. */
export function dayOfMinute({ minute }: ErrorThrow): number {
  return Math.floor(minute / MINUTES_A_DAY)
}

/** That of the throw itself, which may have been seen a minute before. */
export function dayOfThrow({ timeNs }: ErrorThrow): number {
  return Math.floor(Number(timeNs / 1_000n) / DAY_US)
}

const MINUTES_A_DAY = 1_440
const DAY_US = 86_400_000_000
const MINUTE_US = 60_000_000n
/** 2000-01-01, where Postgres counts from. */
const POSTGRES_EPOCH_US = 946_684_800_000_000n
/** All fields of known length of a row, and more. */
const FIXED_BYTES = 256
const USER_HASH_BYTES = 12

const rows = new RowBuffer(0)

function encodeAll<T>(
  table: Table,
  all: readonly T[],
  write: (one: T) => void,
  dayOf: (one: T) => number,
): CopyRows {
  const offsets: number[] = []
  const days = new Set<number>()
  for (const one of all) {
    offsets.push(rows.end)
    days.add(dayOf(one))
    rows.reserve(FIXED_BYTES)
    rows.view.setInt16(rows.end, table.columns.length)
    rows.end += 2
    write(one)
  }
  const bytes = rows.take(Buffer.allocUnsafeSlow)
  return { table, bytes, offsets, sources: offsets.map(() => 0), days: [...days] }
}

/** What throws of a minute, hash, operation and release add up to. */
interface Delta {
  /** The first of them. */
  readonly thrown: ErrorThrow
  readonly hash: string
  occurrences: number
  severe: number
  unhandled: number
  firstNs: bigint
  lastNs: bigint
  readonly users: Set<bigint>
}

function deltasOf(counted: readonly CountedThrow[]): Delta[] {
  const deltas = new Map<string, Delta>()
  for (const one of counted) {
    const { thrown, hash } = one
    const { minute, serviceId, operationId, release } = thrown
    const key = `${minute} ${hash} ${serviceId} ${operationId} ${release}`
    const known = deltas.get(key)
    if (known === undefined) deltas.set(key, addTo(deltaOf(one), one))
    else addTo(known, one)
  }
  return [...deltas.values()]
}

function deltaOf({ thrown, hash }: CountedThrow): Delta {
  const { timeNs } = thrown
  const nothing = { occurrences: 0, severe: 0, unhandled: 0, users: new Set<bigint>() }
  return { thrown, hash, ...nothing, firstNs: timeNs, lastNs: timeNs }
}

function addTo(delta: Delta, { thrown, isNew }: CountedThrow): Delta {
  const { timeNs, userHash, severity, isHandled } = thrown
  if (isNew) delta.occurrences++
  if (isNew && !isHandled) delta.unhandled++
  if (severity >= SEVERITY.error) delta.severe++
  if (timeNs < delta.firstNs) delta.firstNs = timeNs
  if (timeNs > delta.lastNs) delta.lastNs = timeNs
  if (userHash !== null) delta.users.add(userHash)
  return delta
}

function writeDelta(delta: Delta): void {
  const { thrown } = delta
  writeGivenInteger(rows, BigInt(thrown.minute) * MINUTE_US - POSTGRES_EPOCH_US)
  writeInt16(rows, 0)
  writeGivenHex(rows, delta.hash)
  writeGivenInteger(rows, BigInt(thrown.serviceId))
  writeGivenInteger(rows, BigInt(thrown.operationId))
  writeGivenText(rows, thrown.release)
  rows.reserve(FIXED_BYTES + MOST_USER_HASHES * USER_HASH_BYTES)
  writeWhole(rows, delta.occurrences)
  writeWhole(rows, delta.severe)
  writeWhole(rows, delta.unhandled)
  writeGivenInteger(rows, delta.firstNs)
  writeGivenInteger(rows, delta.lastNs)
  const users = leastOf(delta.users)
  writeArrayHeader(rows, INT8_OID, users.length)
  for (const user of users) writeGivenInteger(rows, user)
}

/** Those that are kept of a set of hashes, ascending. */
function leastOf(users: ReadonlySet<bigint>): bigint[] {
  return [...users].sort((a, b) => (a < b ? -1 : 1)).slice(0, MOST_USER_HASHES)
}

function writeOccurrence({ thrown, hash }: CountedThrow): void {
  const { occurrence, timeNs } = thrown
  if (occurrence === null) return
  writeGivenInteger(rows, timeNs / 1_000n - POSTGRES_EPOCH_US)
  writeGivenHex(rows, occurrenceId(thrown))
  writeGivenHex(rows, hash)
  writeGivenInteger(rows, BigInt(thrown.serviceId))
  writeGivenInteger(rows, BigInt(thrown.operationId))
  writeGivenInteger(rows, BigInt(thrown.resourceId))
  writeGivenHex(rows, occurrence.traceId)
  writeGivenHex(rows, occurrence.spanId)
  rows.reserve(FIXED_BYTES)
  writeInt16(rows, thrown.severity)
  writeBool(rows, thrown.isHandled)
  writeBool(rows, occurrence.isIncomplete)
  writeInt16(rows, Number(timeNs % 1_000n))
  writeGivenText(rows, occurrence.source)
  writeGivenText(rows, thrown.release)
  writeGivenText(rows, occurrence.class)
  writeGivenText(rows, occurrence.code)
  writeGivenText(rows, occurrence.message)
  writeGivenText(rows, occurrence.stackTrace)
  writeGivenText(rows, occurrence.userId)
  writeGivenText(rows, occurrence.correlationId)
  writeGivenText(rows, occurrence.requestId)
  writeGivenText(rows, occurrence.httpMethod)
  writeGivenText(rows, occurrence.httpPath)
  writeGivenJson(rows, jsonOf(occurrence.exceptions))
  writeGivenJson(rows, occurrence.attributesJson)
}

/** Of the throw, whoever tells of it: the first 128 bits of a SHA-256 of scope and innermost exception. */
export function occurrenceId({
  scope,
  innermost,
}: Pick<ErrorThrow, 'scope' | 'innermost'>): string {
  const bytes = Buffer.from(`${scope}${innermost}`.replaceAll('-', ''), 'hex')
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32)
}
