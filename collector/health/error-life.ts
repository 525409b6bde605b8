import { findNextRelease, findRegression, type LifeResolution } from './error-regression'
import type { ReleaseThrows } from './error-regression'
import { type Count, findBurst, HOUR_MS, isCalm, reachesVolume } from './error-volume'
import type { KnownRelease } from './release-order'

/** How a group of errors stands. */
export type LifeState = 'new' | 'ongoing' | 'escalating' | 'regressed' | 'resolved' | 'muted'

/** What ends a mute; where nothing does it is for good. */
export interface LifeMute {
  readonly atMs: number
  readonly untilMs: number | null
  /** So many throws within so many minutes. */
  readonly count: number | null
  readonly minutes: number | null
  /** Throws of the minute of `atMs` that came before it. */
  readonly before: number
}

/** A group as it was left. Times are unix milliseconds. */
export interface LifeGroup {
  readonly state: LifeState
  readonly stateSinceMs: number
  readonly firstSeenMs: number
  /** Null unless it is resolved. */
  readonly resolution: LifeResolution | null
  /** Null unless it is muted. */
  readonly mute: LifeMute | null
}

/** What has happened; a state looks at what concerns it alone, the rest may be empty. */
export interface LifeFacts {
  /** Of the service; resolved groups. */
  readonly releases: readonly KnownRelease[]
  /** Resolved groups. */
  readonly throws: readonly ReleaseThrows[]
  /** Severe throws by the hour of the clock, for a week and more; new, ongoing and escalating groups. */
  readonly hours: readonly Count[]
  /** All throws by the minute; muted groups. */
  readonly minutes: readonly Count[]
}

/** What becomes of a group, and why. */
export interface LifeTransition {
  /** `resolved` when a resolution in the next release has got its release. */
  readonly state: LifeState
  /** The release a resolution in the next one has come to mean; null where that is not what changes. */
  readonly release: string | null
  /** For the history. */
  readonly details: Readonly<Record<string, unknown>>
}

/**
 * After so long what is new, has come back or escalated is known: it no longer makes a service unhealthy (A8). By then a higher
 * level has become the usual one.
 */
export const NEWS_MS = 7 * 24 * HOUR_MS

/** What becomes of a group by now, or null: it stays as it is. The same again, asked of what it has become, is null. */
export function judgeLife(
  group: LifeGroup,
  facts: LifeFacts,
  nowMs: number,
): LifeTransition | null {
  switch (group.state) {
    case 'resolved':
      return group.resolution === null ? null : judgeResolution(group.resolution, facts)
    case 'muted':
      return group.mute === null ? null : judgeMute(group.mute, facts, nowMs)
    case 'escalating':
      return judgeEscalation(group, facts, nowMs)
    case 'new':
      return judgeBurst(group, facts, nowMs) ?? judgeAge(group.firstSeenMs, nowMs)
    case 'ongoing':
      return judgeBurst(group, facts, nowMs)
    case 'regressed':
      return judgeAge(group.stateSinceMs, nowMs)
  }
}

function judgeResolution(resolution: LifeResolution, facts: LifeFacts): LifeTransition | null {
  const isOpen = resolution.kind === 'in_next_release' && resolution.release === null
  const next = isOpen ? findNextRelease(resolution, facts.releases) : null
  const release = resolution.release ?? next
  const back = findRegression({ ...resolution, release }, facts.releases, facts.throws)
  if (back !== null) {
    return to('regressed', { reason: 'came_back', release: back, resolved_release: release })
  }
  if (next === null) return null
  return { state: 'resolved', release: next, details: { reason: 'next_release', release: next } }
}

function judgeMute(mute: LifeMute, { minutes }: LifeFacts, nowMs: number): LifeTransition | null {
  if (reachesVolume(mute, minutes)) {
    return to('escalating', {
      reason: 'mute_volume',
      count: mute.count,
      minutes: mute.minutes,
    })
  }
  return mute.untilMs !== null && mute.untilMs <= nowMs
    ? to('ongoing', { reason: 'mute_ended' })
    : null
}

function judgeBurst(group: LifeGroup, { hours }: LifeFacts, nowMs: number): LifeTransition | null {
  const burst = findBurst(group, hours, nowMs)
  if (burst === null) return null
  const hour = new Date(burst.sinceMs).toISOString()
  const details = { reason: 'burst', hour, count: burst.count, limit: burst.limit }
  return to('escalating', details)
}

function judgeEscalation(
  { stateSinceMs }: LifeGroup,
  { hours }: LifeFacts,
  nowMs: number,
): LifeTransition | null {
  return isCalm(stateSinceMs, hours, nowMs)
    ? to('ongoing', { reason: 'calmed' })
    : judgeAge(stateSinceMs, nowMs)
}

function judgeAge(sinceMs: number, nowMs: number): LifeTransition | null {
  return nowMs - sinceMs >= NEWS_MS ? to('ongoing', { reason: 'age' }) : null
}

function to(state: LifeState, details: LifeTransition['details']): LifeTransition {
  return { state, release: null, details }
}
