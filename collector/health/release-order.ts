/** A release of a service: its `service.version`, and when the first request of it came, in unix milliseconds. */
export interface KnownRelease {
  readonly version: string
  readonly firstSeenMs: number
}

/** What precedence follows from; build metadata has no part in it. */
export interface Semver {
  /** Major, minor and patch, decimal without leading zeros. */
  readonly core: readonly [string, string, string]
  /** Empty for a release, which comes after its pre-releases. */
  readonly prerelease: readonly string[]
}

/** Longer ones are no versions by semver, as in npm. */
const MAX_LENGTH = 256
const NUMBER = '(0|[1-9][0-9]*)'
const IDENTIFIER = '(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)'
const BUILD = '[0-9a-zA-Z-]+'
/** The grammar of semver.org 2.0.0, with the `v` that tags have. */
const SEMVER = new RegExp(
  `^[vV]?${NUMBER}\\.${NUMBER}\\.${NUMBER}` +
    `(?:-(${IDENTIFIER}(?:\\.${IDENTIFIER})*))?(?:\\+${BUILD}(?:\\.${BUILD})*)?$`,
)
const DIGITS = /^[0-9]+$/

/**
 * Releases from the oldest to the newest: by semantic version while they have one, else by when they were first seen. Where the
 * service changes from one to the other, all that follow come after all before (as Bugsink's `sort_epoch`). Those of the
 * same precedence, builds of one version, are in the order in which they were first seen.
 */
export function orderReleases<T extends KnownRelease>(releases: readonly T[]): T[] {
  const seen = [...releases].sort(
    (a, b) => a.firstSeenMs - b.firstSeenMs || compareTexts(a.version, b.version),
  )
  let epoch = 0
  let isSemantic: boolean | null = null
  const placed = seen.map((release, position) => {
    const semver = parseSemver(release.version)
    if (isSemantic !== null && isSemantic !== (semver !== null)) epoch++
    isSemantic = semver !== null
    return { release, semver, epoch, position }
  })
  placed.sort((a, b) => {
    if (a.epoch !== b.epoch) return a.epoch - b.epoch
    const precedence =
      a.semver === null || b.semver === null ? 0 : compareSemver(a.semver, b.semver)
    return precedence === 0 ? a.position - b.position : precedence
  })
  return placed.map(({ release }) => release)
}

/** The newest release of a service, by `orderReleases`; null when it has none. */
export function newestRelease(releases: readonly KnownRelease[]): string | null {
  return orderReleases(releases).at(-1)?.version ?? null
}

/** Null when the text is no version by semver.org 2.0.0; a leading `v` is passed over. */
export function parseSemver(version: string): Semver | null {
  const match = version.length > MAX_LENGTH ? null : SEMVER.exec(version)
  if (match === null) return null
  const [, major = '', minor = '', patch = '', prerelease] = match
  return { core: [major, minor, patch], prerelease: prerelease?.split('.') ?? [] }
}

/** Below 0 when `a` comes before `b`, 0 when they have the same precedence (semver.org, section 11). */
export function compareSemver(a: Semver, b: Semver): number {
  for (const [index, number] of a.core.entries()) {
    const order = compareNumbers(number, b.core[index] ?? '')
    if (order !== 0) return order
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) {
    return b.prerelease.length - a.prerelease.length
  }
  for (const [index, identifier] of a.prerelease.entries()) {
    const other = b.prerelease[index]
    if (other === undefined) return 1
    const order = compareIdentifiers(identifier, other)
    if (order !== 0) return order
  }
  return a.prerelease.length - b.prerelease.length
}

function compareIdentifiers(a: string, b: string): number {
  const isNumber = DIGITS.test(a)
  if (isNumber !== DIGITS.test(b)) return isNumber ? -1 : 1
  return isNumber ? compareNumbers(a, b) : compareTexts(a, b)
}

/** Of any length: they may exceed what a double holds exactly. */
function compareNumbers(a: string, b: string): number {
  return a.length - b.length || compareTexts(a, b)
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
