import { Bounded } from './bounded'

/**
 * What a path is about: its first segment that is neither `api`, nor a version, nor an id, as `orders` of
 * `/api/v2/orders/17`. Undefined when there is none.
 */
export function resourceOf(path: string): string | undefined {
  for (const segment of segmentsOf(path)) {
    if (segment.toLowerCase() === 'api' || VERSION.test(segment) || !isName(segment)) continue
    return segment
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

function segmentsOf(path: string): string[] {
  return path.split('/', MOST_SEGMENTS).filter((segment) => segment !== '')
}

/** Words, with one digit at most: `oauth2` is a name, `user-12` and `9f3c` are ids. */
const NAME = /^[A-Za-z][A-Za-z_.-]{0,39}$/
/** Without a separator, as no word is written and most tokens are: `aGVsbG8gd29ybGQ`. */
const MIXED_CASE =
  /[a-z][A-Z][A-Za-z]*[A-Z][a-z][A-Za-z]*[A-Z][A-Z]|[A-Z]{2}[a-z][A-Z]|[a-z][A-Z][a-z][A-Z]/
/** Of the digits of hexadecimal numbers alone, and as long as no word of them. */
const HEX = /^[a-f]{8,}$/i

function isName(segment: string): boolean {
  const digits = segment.match(/[0-9]/g)?.length ?? 0
  const letters = digits === 1 ? segment.replace(/[0-9]/, '') : segment
  return digits <= 1 && NAME.test(letters) && !MIXED_CASE.test(segment) && !HEX.test(segment)
}
