import t from 'tap'
import { judgeLife, type LifeFacts, type LifeGroup } from '../../collector/health/error-life'
import type { LifeResolution } from '../../collector/health/error-regression'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** Half past twelve. */
const NOW = Date.UTC(2026, 2, 4, 12, 30)
const NONE: LifeFacts = { releases: [], throws: [], hours: [], minutes: [] }

/** What becomes of a group, or "stays"; a resolution that gets its release is that. */
function become(group: Partial<LifeGroup>, facts: Partial<LifeFacts>, nowMs = NOW): string {
  const whole: LifeGroup = {
    state: 'new',
    stateSinceMs: NOW - HOUR,
    firstSeenMs: NOW - HOUR,
    resolution: null,
    mute: null,
    ...group,
  }
  const transition = judgeLife(whole, { ...NONE, ...facts }, nowMs)
  return transition === null ? 'stays' : (transition.release ?? transition.state)
}

/** `1.0 1.1!2 1.2`: releases by the day they were first seen, with `@day` where it is not the one after the one before. */
function releasesOf(text: string) {
  let day = -20
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => {
      const [version = '', at] = word.split('@')
      day = at === undefined ? day + 1 : Number(at)
      return { version, firstSeenMs: NOW + day * DAY }
    })
}

/** `1.0:-3..5`: a release and the hours, from the resolution on, of its first and last throw. */
function throwsOf(text: string, resolvedMs: number) {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => {
      const [release = '', hours = ''] = word.split(':')
      const [first, last = first] = hours.split('..')
      const at = (hour: string | undefined) => resolvedMs + Number(hour) * HOUR
      return { release, firstMs: at(first), lastMs: at(last) }
    })
}

const RESOLVED_MS = NOW - 10 * DAY
type Kind = LifeResolution['kind']

/** The kind of resolution and its release; the releases of the service; throws; what becomes of it. */
const RESOLUTIONS: [string, Kind, string | null, string, string, string][] = [
  ['nothing since', 'now', null, '', ':-3', 'stays'],
  ['a throw since', 'now', null, '', ':-3..5', 'regressed'],
  ['nothing at all', 'now', null, '1.0.0', '', 'stays'],
  ['a release does not matter', 'now', null, '1.0.0 1.1.0', '1.0.0:5', 'regressed'],
  ['at the moment itself', 'now', null, '', ':-3..0', 'stays'],
  ['within the skew of clocks', 'now', null, '', ':-3..0.0005', 'stays'],
  ['beyond the skew of clocks', 'now', null, '', ':-3..0.0006', 'regressed'],
  ['late', 'now', null, '', ':-900', 'stays'],
  ['in that release', 'in_release', '1.1.0', '1.0.0 1.1.0', '1.1.0:1', 'regressed'],
  ['in a newer one', 'in_release', '1.1.0', '1.0.0 1.1.0 1.2.0', '1.2.0:1', 'regressed'],
  ['in an older one', 'in_release', '1.1.0', '1.0.0 1.1.0', '1.0.0:-1..9', 'stays'],
  ['in an older one alone', 'in_release', '1.1.0', '1.0.0 1.1.0', '1.0.0:9', 'stays'],
  ['in a patch of an older one', 'in_release', '1.1.0', '1.0.0 1.1.0 1.0.1', '1.0.1:9', 'stays'],
  ['by number, not by text', 'in_release', '1.9.0', '1.9.0 1.10.0', '1.10.0:1', 'regressed'],
  ['older by number', 'in_release', '1.10.0', '1.9.0 1.10.0', '1.9.0:1', 'stays'],
  ['in it, but before', 'in_release', '1.1.0', '1.0.0 1.1.0', '1.1.0:-1', 'stays'],
  ['in it, before and after', 'in_release', '1.1.0', '1.0.0 1.1.0', '1.1.0:-1..1', 'regressed'],
  [
    'in a newer one where it was known',
    'in_release',
    '1.1.0',
    '1.0.0 1.1.0 2.0.0',
    '2.0.0:-5..5',
    'stays',
  ],
  [
    'in one after that where it was known',
    'in_release',
    '1.1.0',
    '1.1.0 2.0.0 2.1.0',
    '2.0.0:-5 2.1.0:5',
    'stays',
  ],
  [
    'between it and where it was known',
    'in_release',
    '1.1.0',
    '1.1.0 1.2.0 2.0.0',
    '2.0.0:-5..5 1.2.0:5',
    'regressed',
  ],
  ['a pre-release of it', 'in_release', '1.1.0', '1.0.0 1.1.0-rc.1 1.1.0', '1.1.0-rc.1:9', 'stays'],
  [
    'it, resolved in its pre-release',
    'in_release',
    '1.1.0-rc.1',
    '1.1.0-rc.1 1.1.0',
    '1.1.0:9',
    'regressed',
  ],
  ['a later build of it', 'in_release', '1.1.0+a', '1.1.0+a 1.1.0+b', '1.1.0+b:1', 'regressed'],
  ['an earlier build of it', 'in_release', '1.1.0+b', '1.1.0+a 1.1.0+b', '1.1.0+a:1', 'stays'],
  ['a later commit', 'in_release', 'f00', 'f00 0aa', '0aa:1', 'regressed'],
  ['an earlier commit', 'in_release', '0aa', 'f00 0aa', 'f00:1', 'stays'],
  ['a version after commits', 'in_release', 'f00', 'f00 0.1.0', '0.1.0:1', 'regressed'],
  ['a commit before versions', 'in_release', '0.1.0', 'f00 0.1.0', 'f00:1', 'stays'],
  ['a throw of no release', 'in_release', '1.1.0', '1.0.0 1.1.0', ':1', 'regressed'],
  ['one of no release before', 'in_release', '1.1.0', '1.0.0 1.1.0', ':-1', 'stays'],
  ['no releases any more', 'in_release', '1.1.0', '', '1.0.0:1', 'regressed'],
  ['its release is gone', 'in_release', '1.1.0', '1.0.0', '1.0.0:1', 'regressed'],
  ['no next release yet', 'in_next_release', null, '1.0.0', '1.0.0:5', 'stays'],
  ['a next release', 'in_next_release', null, '1.0.0 1.1.0@-9', '1.0.0:5', '1.1.0'],
  ['the first of two', 'in_next_release', null, '1.0.0 1.2.0@-9 1.1.0@-8', '', '1.2.0'],
  ['an older one later', 'in_next_release', null, '1.1.0 1.0.9@-9', '', 'stays'],
  ['the first one ever', 'in_next_release', null, '1.0.0@-9', '', '1.0.0'],
  ['a commit after versions', 'in_next_release', null, '1.0.0 f00@-9', '', 'f00'],
  ['throws of the next', 'in_next_release', null, '1.0.0 1.1.0@-9', '1.1.0:30', 'regressed'],
  ['seen before it', 'in_next_release', null, '1.0.0 1.1.0', '1.1.0:5', 'stays'],
  [
    'in the next that it got',
    'in_next_release',
    '1.1.0',
    '1.0.0 1.1.0@-9',
    '1.1.0:30',
    'regressed',
  ],
  ['on the old one still', 'in_next_release', '1.1.0', '1.0.0 1.1.0@-9', '1.0.0:-9..30', 'stays'],
]

t.test('a resolved group stays so, gets its release or regresses', async (t) => {
  for (const [claim, kind, release, releases, throws, expected] of RESOLUTIONS) {
    const resolution = { kind, release, atMs: RESOLVED_MS, throughMs: RESOLVED_MS }
    const facts = { releases: releasesOf(releases), throws: throwsOf(throws, RESOLVED_MS) }
    const group = { state: 'resolved', resolution } as const
    t.equal(become(group, facts), expected, `${kind} ${release ?? ''}: ${claim}`)
  }
})

t.test('a resolution holds through the last throw that was known', async (t) => {
  const resolution = {
    kind: 'now',
    release: null,
    atMs: RESOLVED_MS,
    throughMs: RESOLVED_MS + 5 * MINUTE,
  } as const
  const group = { state: 'resolved', resolution } as const
  const throws = (ms: number) => ({
    throws: [{ release: '', firstMs: 0, lastMs: RESOLVED_MS + ms }],
  })
  t.equal(become(group, throws(5 * MINUTE + 2 * SECOND)), 'stays')
  t.equal(become(group, throws(5 * MINUTE + 3 * SECOND)), 'regressed')
})

/** Counts by the hour, or minute, of the clock before now: `0:21 1:5`. */
function countsOf(text: string, stepMs: number) {
  const floor = Math.floor(NOW / stepMs) * stepMs
  return text
    .split(' ')
    .filter((word) => word !== '')
    .flatMap((word) => {
      const [, from = '', to = from, count] = /^(\d+)(?:-(\d+))?:(\d+)$/.exec(word) ?? []
      const ago = Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) => Number(from) + i)
      return ago.map((steps) => ({ sinceMs: floor - steps * stepMs, count: Number(count) }))
    })
}

/** State, hours since it was first seen and since it is in its state; severe throws by hours ago; what becomes of it. */
const HOURS: [string, LifeGroup['state'], number, number, string, string][] = [
  ['20 an hour alarm nobody', 'ongoing', 900, 900, '0:20', 'stays'],
  ['more do, where there were none', 'ongoing', 900, 900, '0:21', 'escalating'],
  ['the hour before likewise', 'ongoing', 900, 900, '1:21', 'escalating'],
  ['one longer ago does not', 'ongoing', 900, 900, '2:21', 'stays'],
  ['two hours are not added', 'ongoing', 900, 900, '0-1:20', 'stays'],
  ['five times the usual', 'ongoing', 900, 900, '0:50 1-168:10', 'stays'],
  ['more than five times', 'ongoing', 900, 900, '0:51 1-168:10', 'escalating'],
  ['the usual is the mean of a week', 'ongoing', 900, 900, '0:21 100:1680', 'stays'],
  ['and not of what came before', 'ongoing', 900, 900, '0:21 170-400:99', 'escalating'],
  ['a younger group has its life', 'ongoing', 48, 48, '0:51 1-48:10', 'escalating'],
  ['of which the silence counts', 'ongoing', 100, 100, '0:30 50-100:10', 'escalating'],
  ['what is not a day old has no usual', 'new', 20, 20, '0:900', 'stays'],
  ['what is may be new still', 'new', 30, 30, '0:900', 'escalating'],
  ['what is alarming does not escalate', 'regressed', 900, 5, '0:900', 'stays'],
  ['nor what is resolved', 'resolved', 900, 5, '0:900', 'stays'],
  ['nor what is muted', 'muted', 900, 5, '0:900', 'stays'],
  ['an hour before it was reopened is over', 'ongoing', 900, 0, '1:21', 'stays'],
  ['the hour in which it was is not', 'ongoing', 900, 0, '0:21', 'escalating'],
  ['new becomes ongoing after a week', 'new', 168, 168, '', 'ongoing'],
  ['not before', 'new', 167, 167, '', 'stays'],
  ['by its age, however often it was reopened', 'new', 200, 1, '', 'ongoing'],
  ['regressed becomes ongoing after a week', 'regressed', 900, 168, '', 'ongoing'],
  ['of being that', 'regressed', 900, 167, '', 'stays'],
  ['ongoing stays that', 'ongoing', 9_000, 9_000, '1-300:9', 'stays'],
  ['six quiet hours end an escalation', 'escalating', 900, 7, '7:99', 'ongoing'],
  ['five do not', 'escalating', 900, 7, '6:99', 'stays'],
  ['nor does it end at once', 'escalating', 900, 5, '', 'stays'],
  ['quiet is not silent', 'escalating', 900, 7, '0-6:20 7:99', 'ongoing'],
  ['what was usual before is', 'escalating', 900, 7, '0-6:50 7:99 8-175:10', 'ongoing'],
  ['more is not', 'escalating', 900, 7, '0-6:51 7:99 8-175:10', 'stays'],
  ['what escalated is not usual', 'escalating', 900, 30, '0-30:99', 'stays'],
  ['after a week it is', 'escalating', 900, 168, '0-168:99', 'ongoing'],
]

t.test('a group escalates, calms and grows old', async (t) => {
  for (const [claim, state, firstHours, stateHours, hours, expected] of HOURS) {
    const group = {
      state,
      firstSeenMs: NOW - firstHours * HOUR,
      stateSinceMs: NOW - stateHours * HOUR,
    }
    t.equal(become(group, { hours: countsOf(hours, HOUR) }), expected, `${claim}: ${hours}`)
  }
})

/** Until how many minutes from now, count, minutes, throws before it in its minute; throws by minutes ago. Muted 30 minutes ago. */
const MUTES: [string, number | null, number | null, number | null, number, string, string][] = [
  ['for good', null, null, null, 0, '0-30:99', 'stays'],
  ['until a time to come', 1, null, null, 0, '0-30:99', 'stays'],
  ['until now', 0, null, null, 0, '', 'ongoing'],
  ['until a time that is over', -5, null, null, 0, '0-30:99', 'ongoing'],
  ['fewer than the volume', null, 10, 5, 0, '0:9', 'stays'],
  ['the volume', null, 10, 5, 0, '0:10', 'escalating'],
  ['in several minutes', null, 10, 5, 0, '0-4:2', 'escalating'],
  ['in more minutes than that', null, 10, 5, 0, '0-4:1 5:5', 'stays'],
  ['some time ago', null, 10, 5, 0, '20-24:2', 'escalating'],
  ['told in any order', null, 10, 5, 0, '24:2 20-23:2', 'escalating'],
  ['before the mute', null, 10, 5, 0, '31:99', 'stays'],
  ['in its minute', null, 10, 5, 0, '30:10', 'escalating'],
  ['in its minute, but before it', null, 10, 5, 5, '30:14', 'stays'],
  ['in its minute, before and after', null, 10, 5, 5, '30:15', 'escalating'],
  ['a volume of one', null, 1, 1, 0, '3:1', 'escalating'],
  ['the volume before the time', 5, 10, 5, 0, '0:10', 'escalating'],
  ['the time before the volume', -5, 10, 5, 0, '0:9', 'ongoing'],
  ['both: the volume tells more', -5, 10, 5, 0, '0:10', 'escalating'],
]

t.test('a mute ends at its time, or by its volume', async (t) => {
  for (const [claim, until, count, length, before, minutes, expected] of MUTES) {
    const untilMs = until === null ? null : NOW + until * MINUTE
    const mute = { atMs: NOW - 30 * MINUTE, untilMs, count, minutes: length, before }
    const facts = { minutes: countsOf(minutes, MINUTE) }
    t.equal(become({ state: 'muted', mute }, facts), expected, `${claim}: ${minutes}`)
  }
})
