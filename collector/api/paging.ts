import type { Position, Window } from './contract'
import { readCursor, writeCursor, type PagedQuestion } from './cursor'
import { mustBe, someText } from './parameters'
import { formatMs } from './window'

/** The parameter that asks for the next page. */
export const CURSOR = someText(
  'nextCursor of the page before, with the same parameters; it keeps the window',
)

/** The page asked for: the first one of the window given, or the one the cursor tells. Throws BadParameters. */
export function pageAsked<W extends Window | null>(
  question: PagedQuestion,
  cursor: string | undefined,
  given: W,
): { readonly window: W | Window; readonly after: Position | null } {
  if (cursor === undefined) return { window: given, after: null }
  const page = readCursor(question, cursor)
  if (page === null || (page.window === null && given !== null)) {
    throw mustBe('cursor', 'a nextCursor that the same parameters gave', cursor)
  }
  return { window: page.window ?? given, after: page.after }
}

/** What an answer says of its page: where to go on, and what the pages up to this one have looked through. */
export function pageFound(
  question: PagedQuestion,
  window: Window | null,
  { next, searchedToUs }: { readonly next: Position | null; readonly searchedToUs: bigint | null },
) {
  const nextCursor = next === null ? null : writeCursor(question, { window, after: next })
  if (window === null) return { nextCursor, searchedSince: null, searchedUntil: null }
  const edge = searchedToUs === null ? null : formatUs(searchedToUs)
  const [since, until] = [formatMs(window.sinceMs), formatMs(window.untilMs)]
  return question.order === 'desc'
    ? { nextCursor, searchedSince: edge ?? since, searchedUntil: until }
    : { nextCursor, searchedSince: since, searchedUntil: edge ?? until }
}

function formatUs(us: bigint): string {
  const rest = String(us % 1000n).padStart(3, '0')
  return formatMs(Number(us / 1000n)).replace('Z', `${rest}Z`)
}
