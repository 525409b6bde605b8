import t from 'tap'
import { readCursor, writeCursor, type Page, type PagedQuestion } from '../../collector/api/cursor'

const FILTER = {
  service: null,
  minSeverity: null,
  text: null,
  traceId: null,
  spanId: null,
  eventName: null,
  attributes: [],
}
const QUESTION: PagedQuestion = { filter: FILTER, order: 'desc' }
const PAGE: Page = {
  window: { sinceMs: 1_772_280_000_000, untilMs: 1_772_366_400_000 },
  after: { timeUs: 1_772_362_800_123_456n, restNs: -1, place: '(4294967295,65535)' },
}

/** The fields of a cursor, changed, as a cursor again. */
function changed(at: number, value: unknown): string {
  const fields = JSON.parse(
    Buffer.from(writeCursor(QUESTION, PAGE), 'base64url').toString(),
  ) as unknown[]
  fields[at] = value
  return Buffer.from(JSON.stringify(fields)).toString('base64url')
}

t.test('a cursor reads as it was written', async (t) => {
  for (const page of [
    PAGE,
    { ...PAGE, window: null },
    { ...PAGE, after: { timeUs: 0n, restNs: -2, place: '(0,0)' } },
  ]) {
    const cursor = writeCursor(QUESTION, page)
    t.match(cursor, /^[\w-]+$/)
    t.strictSame(readCursor(QUESTION, cursor), page)
  }
})

t.test('a cursor of another question is none', async (t) => {
  const cursor = writeCursor(QUESTION, PAGE)
  const others: PagedQuestion[] = [
    { filter: FILTER, order: 'asc' },
    { filter: { ...FILTER, service: 'a' }, order: 'desc' },
    { filter: { ...FILTER, minSeverity: 9 }, order: 'desc' },
    { filter: { ...FILTER, text: 'a' }, order: 'desc' },
    { filter: { ...FILTER, traceId: 'a' }, order: 'desc' },
    { filter: { ...FILTER, spanId: 'a' }, order: 'desc' },
    { filter: { ...FILTER, eventName: 'a' }, order: 'desc' },
    { filter: { ...FILTER, attributes: [{ key: 'a', value: 'b' }] }, order: 'desc' },
  ]
  for (const other of others) t.equal(readCursor(other, cursor), null, JSON.stringify(other))
})

t.test('what was not written as a cursor is none', async (t) => {
  const own = writeCursor(QUESTION, PAGE)
  const json = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const damaged = [
    '',
    ' ',
    'x',
    own.slice(0, -4),
    `${own}=`,
    `${own} `,
    json(null),
    json({}),
    json([]),
    json([1]),
    changed(0, 2),
    changed(1, 'x'),
    changed(2, null),
    changed(2, 1.5),
    changed(2, 1e300),
    changed(3, 'now'),
    changed(4, -1),
    changed(4, 1e16),
    changed(5, 1000),
    changed(6, -3),
    changed(6, 1000),
    changed(7, 2 ** 32),
    changed(7, '0'),
    changed(8, 65_536),
    changed(9, 1),
  ]
  for (const cursor of damaged) t.equal(readCursor(QUESTION, cursor), null, cursor)
})
