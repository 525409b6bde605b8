import { Bounded } from './bounded'

/**
 * What a path is about: its first segment that is neither `api`, nor a version, nor an id, as `orders` of
 * `/api/v2/orders/17`. Undefined when there is none.
 */
export function resourceOf(path: string): string | undefined {
  let start = 0
  for (let segments = 0; segments < MOST_SEGMENTS && start < path.length; segments++) {
    let end = path.indexOf('/', start)
    if (end < 0) end = path.length
    const segment = path.slice(start, end)
    if (isName(segment) && segment.toLowerCase() !== 'api' && !VERSION.test(segment)) return segment
    start = end + 1
  }
  return undefined
}

/** The path of what may be a whole URL, without its query. */
export function pathOf(given: string): string {
  const scheme = given.indexOf('://')
  const start = scheme > 0 && !given.startsWith('/') ? given.indexOf('/', scheme + 3) : 0
  const path = start < 0 ? '/' : given.slice(start)
  const end = path.search(/[?#;]/)
  return end < 0 ? path : path.slice(0, end)
}

/**
 * A resource, or `other` when there are too many already: an application whose paths begin with names of users has no bounded
 * number of them. What was not found (404, 405) adds none once half of them are there, for scanners ask for anything.
 */
export function admitResource(resource: string, statusCode: number): string {
  const isUnknown = statusCode === 404 || statusCode === 405
  return RESOURCES.admit(resource, isUnknown ? 0.5 : 1)
}

const RESOURCES = new Bounded(200)

/** Deeper than this is no resource. */
const MOST_SEGMENTS = 8
const VERSION = /^v[0-9]+(?:[._-]?[0-9a-z]{1,8})*$/i

/** Words, with one digit at most: `oauth2` is a name, `user-12` and `9f3c` are ids. */
const NAME = /^[A-Za-z][A-Za-z_.-]{0,39}$/
/** Without a separator, as no word is written and most tokens are: `aGVsbG8gd29ybGQ`. */
const MIXED_CASE =
  /[a-z][A-Z][A-Za-z]*[A-Z][a-z][A-Za-z]*[A-Z][A-Z]|[A-Z]{2}[a-z][A-Z]|[a-z][A-Z][a-z][A-Z]/
/** Of the digits of hexadecimal numbers alone, and as long as no word of them. */
const HEX = /^[a-f]{8,}$/i

function isName(segment: string): boolean {
  if (PLAIN_NAME.test(segment)) return !HEX.test(segment)
  const digit = segment.search(/[0-9]/)
  const letters = digit < 0 ? segment : segment.slice(0, digit) + segment.slice(digit + 1)
  return NAME.test(letters) && !MIXED_CASE.test(segment) && !HEX.test(segment)
}

/** What most are. */
const PLAIN_NAME = /^[a-z][a-z_-]{0,39}$/
