import type { ErrorDetail, ErrorGroup, ErrorTrend, StoredOccurrence } from '../api/error-contract'
import { attributeList, valueText } from './attributes'
import { actions } from './error-forms'
import {
  countList,
  historyList,
  occurrenceList,
  releaseList,
  similarList,
  whyList,
} from './error-lists'
import { stackOf } from './error-stack'
import { decision, STATE_SHAPES, stateMark } from './error-state'
import { trendChart } from './error-trend'
import { ERROR_WINDOWS, type ErrorWindow } from './errors-page'
import { formatCount } from './format'
import { framePage, type Place } from './frame'
import { html, type Html, type Part } from './html'
import { timeMark } from './moment'

const MAX_STACK_CHARACTERS = 20_000
/** The others are with the throws, further below. */
const MAX_TRACES = 5

/** What the page of a group shows. */
export interface ErrorView {
  readonly detail: ErrorDetail
  readonly trend: ErrorTrend
  readonly occurrences: readonly StoredOccurrence[]
  readonly similar: readonly (ErrorGroup & { readonly shared: number })[]
  readonly window: ErrorWindow
  /** Whether the reader may decide about groups. */
  readonly mayChange: boolean
  readonly nowMs: number
}

/** A group of errors: how it stands, what it is, where it comes from, whom it meets, what to do. */
export function renderError(
  view: ErrorView,
  place: Place & { readonly hasSession: boolean },
): string {
  const { detail, trend, occurrences, similar, mayChange, nowMs } = view
  const { group, latest, releases, environments, operations, history, hashes } = detail
  const { root } = place
  const content = html`
    ${STATE_SHAPES} ${heading(view, root)} ${mayChange ? actions(group, newestOf(releases)) : null}
    <section class="sums" aria-label="In ${ERROR_WINDOWS[view.window]}">
      ${figures(group, nowMs)} ${trendChart(trend)}
    </section>
    <div class="columns">
      <div>${stack(latest)} ${latest === null ? null : lastThrow(latest, root, nowMs)}</div>
      <aside>
        ${traces(detail.traceIds, root)} ${releaseList(releases, nowMs)}
        ${countList('Environments', 'environments', environments)}
        ${countList('Operations', 'operations', operations)} ${historyList(history, nowMs)}
      </aside>
    </div>
    ${occurrenceList(occurrences, root, nowMs)} ${similarList(group.id, similar, mayChange, nowMs)}
    ${whyList(group.id, hashes, mayChange)}
  `
  return framePage({ ...place, title: `${group.class}: ${group.message}`.slice(0, 200), content })
}

function heading({ detail: { group }, window, nowMs }: ErrorView, root: string): Html {
  const { id, code, message, service, namespace, tenant, culprit, assignee } = group
  const where = new URLSearchParams({ service, state: 'all' })
  const places = [tenant, namespace].filter(Boolean).join(' / ')
  const names = Object.keys(ERROR_WINDOWS) as ErrorWindow[]
  return html`<div class="title">
      <p class="kind">
        ${stateMark(group.state)} <a href="${root}errors?${where.toString()}">${service}</a>
        ${places === '' ? null : html`<small>${places}</small>`}
        ${assignee === null ? null : html`<small>assigned to <b>${assignee}</b></small>`}
        <small><a href="${root}api/v1/errors/${id}">JSON</a></small>
      </p>
      <nav class="choices" aria-label="Window">
        ${names.map((name) => {
          const current = name === window ? html` aria-current="true"` : null
          return html`<a href="${id}?window=${name}" ${current}>${ERROR_WINDOWS[name]}</a>`
        })}
      </nav>
    </div>
    <header class="fault ${group.state}">
      <h1>
        ${group.class || '(no class)'}
        ${code === null || code === group.class ? null : html`<code class="code">${code}</code>`}
      </h1>
      <p class="message">${valueText(message)}</p>
      <p class="culprit">${culprit}</p>
      ${decision(group, nowMs)}
    </header>`
}

/** The release to resolve it in that is out already: the one seen first last. */
function newestOf(releases: ErrorDetail['releases']): string | null {
  const known = releases.filter(({ name }) => name !== '')
  const [newest = null] = [...known].sort((a, b) => (a.firstSeen < b.firstSeen ? 1 : -1))
  return newest?.name ?? null
}

function figures(group: ErrorGroup, nowMs: number): Html {
  const { occurrenceCount, severeCount, unhandledCount, userCount } = group
  const of = (release: string | null) => (release === null ? null : html`<small>${release}</small>`)
  return html`<dl class="totals">
    ${figure('throws', formatCount(occurrenceCount))}
    ${severeCount === occurrenceCount ? null : figure('severe', formatCount(severeCount))}
    ${figure('not caught', formatCount(unhandledCount))} ${figure('users', formatCount(userCount))}
    ${moment('last seen', html`${timeMark(group.lastSeen, nowMs)} ${of(group.lastRelease)}`)}
    ${moment('first seen', html`${timeMark(group.firstSeen, nowMs)} ${of(group.firstRelease)}`)}
  </dl>`
}

/** Words are longer than figures, and need not be as large. */
function moment(name: string, value: Part): Html {
  return html`<div class="moment">
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`
}

function figure(name: string, value: Part): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`
}

function stack(latest: StoredOccurrence | null): Html {
  if (latest === null) {
    return html`<section><p class="notice">No throw of this window is kept any more.</p></section>`
  }
  const { exceptions, stackTrace, isIncomplete } = latest
  const text =
    stackTrace === null
      ? null
      : html`<details class="raw">
          <summary>As it was sent</summary>
          <pre>${stackTrace.slice(0, MAX_STACK_CHARACTERS)}</pre>
        </details>`
  return html`<section aria-labelledby="stack">
    <h2 id="stack">Stack of the latest throw</h2>
    ${isIncomplete ? html`<p class="fine">The sender left something of it out.</p>` : null}
    ${stackOf(exceptions) ?? html`<p class="thrown">${valueText(latest.message)}</p>`} ${text}
  </section>`
}

const SOURCES: Readonly<Record<string, string>> = {
  exception_event: 'an exception on a span',
  log_exception: 'an exception on a log record',
  log: 'a log record',
  span_status: 'a span that failed',
}

function lastThrow(latest: StoredOccurrence, root: string, nowMs: number): Html {
  const { time, traceId, spanId, source, severity, isHandled, httpMethod, httpPath } = latest
  const span =
    traceId === null
      ? null
      : html`<a href="${root}traces/${traceId}${spanId === null ? '' : `#span-${spanId}`}">
          <code>${traceId}</code>
        </a>`
  const http = [httpMethod, httpPath].filter(Boolean).join(' ')
  return html`<section aria-labelledby="latest">
    <h2 id="latest">The latest throw</h2>
    <dl class="facts">
      ${fact('When', html`${timeMark(time, nowMs)} <small>${time}</small>`)} ${fact('Trace', span)}
      ${fact('Severity', `${severity}, ${isHandled ? 'handled' : 'not caught'}`)}
      ${fact('Told by', SOURCES[source] ?? source)} ${fact('Request', http)}
      ${fact('Operation', latest.operation)} ${fact('Module', latest.module)}
      ${fact('Environment', latest.environment)} ${fact('Release', latest.release)}
      ${fact('User', latest.userId)} ${fact('Request id', latest.requestId)}
      ${fact('Correlation id', latest.correlationId)}
    </dl>
    ${attributeList(latest.attributes, 0)}
  </section>`
}

function fact(name: string, value: Part): Html | null {
  return value === null || value === '' ? null : figure(name, value)
}

function traces(ids: readonly string[], root: string): Html | null {
  if (ids.length === 0) return null
  return html`<section class="counts" aria-labelledby="traces">
    <h2 id="traces">Traces to look at</h2>
    <ul>
      ${ids.slice(0, MAX_TRACES).map(
        (id) =>
          html`<li>
            <a href="${root}traces/${id}"><code>${id}</code></a>
          </li>`,
      )}
    </ul>
  </section>`
}
