import { createHash } from 'node:crypto'
import type { LogOrder, Position, Window } from './contract'

const VERSION = 1
/** The end of the year 9999, the last that Postgres reads as RFC 3339 writes it. */
const MAX_MS = 253_402_300_800_000
const MAX_NS = 999
const MAX_BLOCK = 0xffff_ffff
const MAX_OFFSET = 0xffff

/** What a cursor belongs to: the filters of one endpoint, always in the same order; the tenant is that of the token. */
export interface PagedQuestion {
  readonly filter: object
  readonly order: LogOrder
}

/** Where a page begins. The window is that of the first page, or pages would slip while time goes on. */
export interface Page {
  readonly window: Window | null
  readonly after: Position
}

/** Writes a page as text that says nothing to its reader. */
export function writeCursor(question: PagedQuestion, { window, after }: Page): string {
  const { timeUs, restNs, place } = after
  const [block = '0', offset = '0'] = place.slice(1, -1).split(',')
  const fields = [
    VERSION,
    digestOf(question),
    window?.sinceMs ?? null,
    window?.untilMs ?? null,
    Number(timeUs / 1000n),
    Number(timeUs % 1000n),
    restNs,
    Number(block),
    Number(offset),
  ]
  return Buffer.from(JSON.stringify(fields)).toString('base64url')
}

/** Reads what `writeCursor` wrote for the same question; null for anything else. */
export function readCursor(question: PagedQuestion, cursor: string): Page | null {
  const fields = parse(cursor)
  if (fields === null || fields.length !== 9) return null
  const [version, digest, sinceMs, untilMs, ms, us, restNs, block, offset] = fields
  if (version !== VERSION || digest !== digestOf(question)) return null
  if (!isWithin(ms, 0, MAX_MS) || !isWithin(us, 0, 999) || !isWithin(restNs, -2, MAX_NS))
    return null
  if (!isWithin(block, 0, MAX_BLOCK) || !isWithin(offset, 0, MAX_OFFSET)) return null
  const after = { timeUs: BigInt(ms) * 1000n + BigInt(us), restNs, place: `(${block},${offset})` }
  if (sinceMs === null && untilMs === null) return { window: null, after }
  if (!isWithin(sinceMs, -MAX_MS, MAX_MS) || !isWithin(untilMs, 0, MAX_MS)) return null
  return { window: { sinceMs, untilMs }, after }
}

/** What a cursor belongs to where the order is another than that of time. */
interface OrderedQuestion {
  readonly filter: object
  readonly order: string
}

/** A page in another order than that of time; `after` is whatever the page before told to go on from. */
export interface OrderedPage {
  readonly window: Window
  readonly after: string
}

/** Writes such a page as text that says nothing to its reader. */
export function writeOrderedCursor(
  question: OrderedQuestion,
  { window, after }: OrderedPage,
): string {
  const fields = [VERSION, digestOf(question), window.sinceMs, window.untilMs, after]
  return Buffer.from(JSON.stringify(fields)).toString('base64url')
}

/** Reads what `writeOrderedCursor` wrote for the same question; null for anything else. */
export function readOrderedCursor(question: OrderedQuestion, cursor: string): OrderedPage | null {
  const fields = parse(cursor)
  if (fields === null || fields.length !== 5) return null
  const [version, asked, sinceMs, untilMs, after] = fields
  if (version !== VERSION || asked !== digestOf(question)) return null
  if (typeof after !== 'string' || after.includes('\0')) return null
  if (!isWithin(sinceMs, -MAX_MS, MAX_MS) || !isWithin(untilMs, 0, MAX_MS)) return null
  return { window: { sinceMs, untilMs }, after }
}

function parse(cursor: string): unknown[] | null {
  if (!/^[\w-]+$/.test(cursor)) return null
  try {
    const fields: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return Array.isArray(fields) ? fields : null
  } catch {
    return null
  }
}

function isWithin(value: unknown, least: number, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
}

/** Tells questions apart, not more: a caller may look through whatever the token may read. */
function digestOf({ filter, order }: OrderedQuestion): string {
  const asked = [order, { ...filter, tenant: null }]
  return createHash('sha256').update(JSON.stringify(asked)).digest('base64url').slice(0, 8)
}
