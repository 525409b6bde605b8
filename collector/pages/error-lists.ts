import type {
  Counted,
  ErrorDetail,
  ErrorEvent,
  ErrorGroup,
  ErrorHash,
  StoredOccurrence,
} from '../api/error-contract'
import { valueText } from './attributes'
import { mergeButton, splitButton } from './error-forms'
import { stateMark } from './error-state'
import { counted, formatCount } from './format'
import { html, type Html } from './html'
import { timeMark } from './moment'

const MAX_ROWS = 20
const MAX_SHOWN = 300

/** Names with how many throws they have, the most first. */
export function countList(title: string, id: string, counts: readonly Counted[]): Html | null {
  if (counts.length === 0) return null
  const most = Math.max(...counts.map(({ count }) => count), 1)
  return html`<section class="counts" aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    <ul>
      ${counts.slice(0, MAX_ROWS).map(
        ({ name, count }) =>
          html`<li>
            <span>${name || '(none)'}</span> <b>${formatCount(count)}</b>
            <meter value="${count}" max="${most}">${count}</meter>
          </li>`,
      )}
    </ul>
    ${rest(counts.length)}
  </section>`
}

/** The releases in which it was thrown, the newest first. */
export function releaseList(releases: ErrorDetail['releases'], nowMs: number): Html | null {
  if (releases.length === 0) return null
  return html`<section class="counts" aria-labelledby="releases">
    <h2 id="releases">Releases</h2>
    <ul>
      ${releases.slice(0, MAX_ROWS).map(
        ({ name, count, firstSeen, lastSeen }) =>
          html`<li>
            <span>${name || '(not known)'}</span> <b>${formatCount(count)}</b>
            <small>first ${timeMark(firstSeen, nowMs)}, last ${timeMark(lastSeen, nowMs)}</small>
          </li>`,
      )}
    </ul>
    ${rest(releases.length)}
  </section>`
}

/** The newest throws that were kept. */
export function occurrenceList(
  occurrences: readonly StoredOccurrence[],
  root: string,
  nowMs: number,
): Html | null {
  if (occurrences.length === 0) return null
  return html`<section aria-labelledby="occurrences">
    <h2 id="occurrences">Latest throws kept</h2>
    <table class="throws">
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Message</th>
          <th scope="col">Where</th>
          <th scope="col">User</th>
          <th scope="col">Trace</th>
        </tr>
      </thead>
      <tbody>
        ${occurrences.map(
          ({ time, message, environment, release, operation, userId, traceId }) =>
            html`<tr>
              <td class="when">${timeMark(time, nowMs)}</td>
              <td class="said">${cut(message)}</td>
              <td class="where">
                ${operation}
                <small>${[environment, release].filter(Boolean).join(', ')}</small>
              </td>
              <td class="user">${userId === null ? '–' : cut(userId)}</td>
              <td class="trace">
                ${
                  traceId === null
                    ? '–'
                    : html`<a href="${root}traces/${traceId}"
                        ><code>${traceId.slice(0, 8)}</code></a
                      >`
                }
              </td>
            </tr>`,
        )}
      </tbody>
    </table>
  </section>`
}

/** What happened to the group, and who did it, the newest first. */
export function historyList(history: readonly ErrorEvent[], nowMs: number): Html | null {
  if (history.length === 0) return null
  const newest = [...history].sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, MAX_ROWS)
  return html`<section aria-labelledby="history">
    <h2 id="history">History</h2>
    <ul class="history">
      ${newest.map(
        ({ at, actor, action, details }) =>
          html`<li>
            ${timeMark(at, nowMs)}
            <b>${inWords(action)}</b> ${actor === '' ? null : html`by ${cut(actor)}`}
            <small>${describe(details)}</small>
          </li>`,
      )}
    </ul>
    ${rest(history.length)}
  </section>`
}

/** Details whose values are words of ours, not of a sender. */
const WORDED = new Set(['reason', 'kind'])

/** How the group stood before is for the API: here the entry below says it. */
function describe({ previous: _, ...details }: ErrorEvent['details']): string {
  return Object.entries(details)
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => {
      const text = cut(valueText(value))
      return `${inWords(name)}: ${WORDED.has(name) ? inWords(text) : text}`
    })
    .join(', ')
}

function inWords(name: string): string {
  return name.replaceAll('_', ' ')
}

/** What the group was formed from; with several hashes each may be split off. */
export function whyList(id: string, hashes: readonly ErrorHash[], mayChange: boolean): Html | null {
  if (hashes.length === 0) return null
  return html`<section aria-labelledby="why">
    <h2 id="why">Why these are one group</h2>
    ${
      hashes.length === 1
        ? null
        : html`<p class="fine">${counted(hashes.length, 'kind')} of throws were merged.</p>`
    }
    ${hashes.map(
      (each, at) =>
        html`<details ${hashes.length === 1 || at > 0 ? null : html` open`}>
          <summary>
            ${each.class}: ${cut(each.message)} <small>${each.algorithm}, ${each.hash}</small>
          </summary>
          <ul class="why">
            ${each.why.map(part)}
          </ul>
          ${hashes.length > 1 && mayChange ? splitButton(id, each.hash) : null}
        </details>`,
    )}
  </section>`
}

/** A part of a fingerprint: taken, or left out and why. */
function part(given: unknown): Html | null {
  if (typeof given !== 'object' || given === null) return null
  const { kind, value, isUsed, hint } = given as Readonly<Record<string, unknown>>
  const left = isUsed === false ? html` class="left"` : null
  return html`<li ${left}>
    <span>${word(kind)}</span> <code>${cut(word(value))}</code>
    <small>${[isUsed === false ? 'left out' : '', word(hint)].filter(Boolean).join(': ')}</small>
  </li>`
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Other groups that may be the same fault. */
export function similarList(
  id: string,
  similar: readonly (ErrorGroup & { readonly shared: number })[],
  mayChange: boolean,
  nowMs: number,
): Html | null {
  if (similar.length === 0) return null
  return html`<section aria-labelledby="similar">
    <h2 id="similar">Similar groups</h2>
    <ul class="similar">
      ${similar.map(
        (each) =>
          html`<li>
            <span>
              <a href="${each.id}">${each.class || '(no class)'}: ${cut(each.message)}</a>
              <small>${each.culprit}, last ${timeMark(each.lastSeen, nowMs)}</small>
            </span>
            ${stateMark(each.state)} ${mayChange ? mergeButton(id, each.id) : null}
          </li>`,
      )}
    </ul>
  </section>`
}

function cut(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`
}

function rest(count: number): Html | null {
  return count <= MAX_ROWS
    ? null
    : html`<p class="fine">and ${formatCount(count - MAX_ROWS)} more</p>`
}
