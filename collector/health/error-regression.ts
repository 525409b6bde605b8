import { type KnownRelease, orderReleases } from './release-order'

/** That somebody holds a group for done. */
export interface LifeResolution {
  readonly kind: 'now' | 'in_release' | 'in_next_release'
  readonly atMs: number
  /** Throws not later than this say nothing against it: when it was resolved, or the last throw known by then. */
  readonly throughMs: number
  /** Null for `now`, and for `in_next_release` until there is one. */
  readonly release: string | null
}

/** When a group occurred in a release; unix milliseconds by the clocks of those who threw. */
export interface ReleaseThrows {
  /** Empty when it is not known. */
  readonly release: string
  readonly firstMs: number
  readonly lastMs: number
}

/** How much the clock of an application may be ahead of Postgres's, by which resolutions are told the time. */
export const CLOCK_SKEW_MS = 2_000

/**
 * The release a resolution in the next one has come to mean: the first one seen after it that is later than all that were there.
 * Null while there is none.
 */
export function findNextRelease(
  resolution: LifeResolution,
  releases: readonly KnownRelease[],
): string | null {
  const ordered = orderReleases(releases)
  const last = ordered.findLastIndex(({ firstSeenMs }) => firstSeenMs <= resolution.atMs)
  return earliest(ordered.slice(last + 1))?.version ?? null
}

/**
 * The release in which a resolved group has come back, empty when it is not known which; null when it has not. Only throws later
 * than the resolution tell. Resolved in a release, releases are walked through from the oldest (Bugsink's `is_regression`):
 * the one it was resolved in begins what is fixed, one in which the group occurred before the resolution ends it, so that
 * neither stragglers on old releases nor another branch take it back. A throw without a release does: it may be of any.
 */
export function findRegression(
  resolution: LifeResolution,
  releases: readonly KnownRelease[],
  throws: readonly ReleaseThrows[],
): string | null {
  const { kind, release: fixedIn } = resolution
  if (kind === 'in_next_release' && fixedIn === null) return null
  const edgeMs = resolution.throughMs + CLOCK_SKEW_MS
  const later = throws.filter(({ lastMs }) => lastMs > edgeMs)
  if (later.length === 0) return null
  const known = new Set(releases.map(({ version }) => version))
  if (kind === 'now' || fixedIn === null || !known.has(fixedIn)) {
    return later.reduce((a, b) => (b.lastMs > a.lastMs ? b : a)).release
  }
  const unplaced = later.find(({ release }) => !known.has(release))
  if (unplaced !== undefined) return unplaced.release
  const before = new Set(
    throws.filter(({ firstMs }) => firstMs <= edgeMs).map(({ release }) => release),
  )
  const after = new Set(later.map(({ release }) => release))
  let isFixed = false
  for (const { version } of orderReleases(releases)) {
    if (version === fixedIn) isFixed = true
    else if (before.has(version)) isFixed = false
    if (isFixed && after.has(version)) return version
  }
  return null
}

function earliest(releases: readonly KnownRelease[]): KnownRelease | undefined {
  return releases.toSorted((a, b) => a.firstSeenMs - b.firstSeenMs)[0]
}
