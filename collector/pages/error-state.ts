import type { ErrorGroup, ErrorState } from '../api/error-contract'
import { counted, formatTime } from './format'
import { html, type Html } from './html'
import { timeMark } from './moment'

/** The states in words. */
export const STATE_WORDS: Readonly<Record<ErrorState, string>> = {
  new: 'New',
  ongoing: 'Ongoing',
  escalating: 'Escalating',
  regressed: 'Regressed',
  resolved: 'Resolved',
  muted: 'Muted',
}

/** The state of a group by shape and by word; its colour only repeats them. */
export function stateMark(state: ErrorState): Html {
  return html`<span class="error-state ${state}">
    <svg aria-hidden="true"><use href="#state-${state}" /></svg> ${STATE_WORDS[state]}
  </span>`
}

/** The shapes, once a page. */
export const STATE_SHAPES = html`<svg class="defs" aria-hidden="true">
  <symbol id="state-new" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6" /></symbol>
  <symbol id="state-ongoing" viewBox="0 0 16 16">
    <circle class="open" cx="8" cy="8" r="5.5" />
  </symbol>
  <symbol id="state-escalating" viewBox="0 0 16 16"><path d="M8 1l7 8h-4v6H5V9H1z" /></symbol>
  <symbol id="state-regressed" viewBox="0 0 16 16">
    <path class="open" d="M3.5 9.5a5 5 0 1 0 1.4-5.2" />
    <path d="M1.5 1.5v6h6z" />
  </symbol>
  <symbol id="state-resolved" viewBox="0 0 16 16"><path class="open" d="M2 8.5l4 4 8-9" /></symbol>
  <symbol id="state-muted" viewBox="0 0 16 16"><path class="open" d="M3 8h10" /></symbol>
</svg>`

/** Says what decided how a group stands, and what would change it. */
export function decision(group: ErrorGroup, nowMs: number): Html {
  return html`<p class="decision">${sentence(group, nowMs)}</p>`
}

function sentence(group: ErrorGroup, nowMs: number): Html {
  const { state, stateSince, resolution } = group
  const since = stateSince === null ? null : html`since ${timeMark(stateSince, nowMs)}`
  switch (state) {
    case 'new':
      return html`Seen for the first time ${timeMark(group.firstSeen, nowMs)}, and nobody has
      decided about it.`
    case 'ongoing':
      return html`Ongoing ${since}: it is known, and nobody has decided about it.`
    case 'escalating':
      return html`Escalating ${since}: thrown far more often than it was before.`
    case 'regressed':
      return html`Regressed ${since}: it came back after it was
      ${resolution === null ? 'resolved' : resolved(resolution, nowMs)}.`
    case 'resolved':
      return resolution === null
        ? html`Resolved ${since}.`
        : html`It was ${resolved(resolution, nowMs)}; ${comeback(resolution)}`
    case 'muted':
      return muted(group, nowMs)
  }
}

type Resolution = NonNullable<ErrorGroup['resolution']>

function resolved({ at, by, kind, release, notes }: Resolution, nowMs: number): Html {
  const where =
    kind === 'now'
      ? null
      : release === null
        ? html` in the next release`
        : html` in release <b>${release}</b>`
  const who = by === '' ? null : html` by <b>${by}</b>`
  const why = notes === null || notes === '' ? null : html` <q>${notes}</q>`
  return html`resolved${where}${who} ${timeMark(at, nowMs)}${why}`
}

function comeback({ kind, release }: Resolution): string {
  if (kind === 'now') return 'if it is thrown again it is regressed.'
  if (release === null) return 'what releases until then throw does not count.'
  return 'if that release or a later one throws it, it is regressed.'
}

function muted({ mute, stateSince }: ErrorGroup, nowMs: number): Html {
  if (mute === null) return html`Muted ${stateSince === null ? null : timeMark(stateSince, nowMs)}.`
  const { at, until, count, minutes } = mute
  const ends = [
    until === null ? null : html`until ${formatTime(Date.parse(until))}`,
    count === null || minutes === null
      ? null
      : html`until it is thrown ${counted(count, 'time')} within ${counted(minutes, 'minute')}`,
  ].filter((end) => end !== null)
  const [first = html`for good`, second = null] = ends
  return html`Muted ${timeMark(at, nowMs)},
  ${first}${second === null ? null : html`, or ${second}`}: it counts for nothing meanwhile.`
}
