import type { Condition } from '../api/monitoring-contract'
import { conditionList } from './conditions'
import { counted, digits, formatCount, formatNs, formatPercent, formatTime } from './format'
import { framePage, type Place } from './frame'
import { html, type Html, type Part } from './html'
import type { OperationView, OverviewView, ServiceView, SlowestView, Work } from './overview'
import { sparkline } from './sparkline'
import { STATUS_SHAPES, statusMark, statusWords } from './status'

/** The windows to choose from. */
export const WINDOWS = { '15m': '15 minutes', '1h': '1 hour', '24h': '24 hours' } as const
export type WindowName = keyof typeof WINDOWS

const REFRESH_SECONDS = 30
const MAX_REASONS = 8
const MAX_OPERATIONS = 50
/** Beyond these a page of many services would be long to read, and to load. */
const MAX_SERVICES = 200

/** What was asked for. */
export interface OverviewChoice {
  readonly window: WindowName
  /** Only this service; null: all. */
  readonly service: string | null
  readonly isRefreshing: boolean
}

/** What the page shows. */
export interface Shown extends OverviewView {
  /** Unresolved errors of the window. */
  readonly errorCount: number
  /** Of all services; none where one is asked about. */
  readonly conditions: readonly Condition[]
}

/** Where telemetry is received; null where this collector receives none. */
export interface OtlpAddresses {
  readonly http: string
  readonly grpc: string
}

/** The page one opens first: what is wrong, where, since when, and a trace to look at. */
export function renderOverview(
  view: Shown,
  choice: OverviewChoice,
  place: Place & { readonly hasSession: boolean; readonly otlp: OtlpAddresses | null },
): string {
  const { service } = choice
  const isEmpty = view.services.length === 0
  const content = html`
    ${STATUS_SHAPES}
    <div class="title">
      <h1>${service === null ? 'Overview' : html`Service <b>${service}</b>`}</h1>
      ${service === null ? null : html`<a href="${linkTo({ ...choice, service: null })}">All services</a>`}
      ${controls(choice)}
    </div>
    ${isEmpty && service === null ? null : health(view, choice)} ${conditionList(view.conditions)}
    ${isEmpty && service === null ? welcome(place.otlp) : figures(view, choice)}
    <p class="fine">
      ${formatTime(view.sinceMs)} to ${formatTime(view.untilMs)}. Requests are server and consumer
      spans and roots.
    </p>
  `
  return framePage({
    ...place,
    title: `${isEmpty ? '' : `${statusWords(view.health.status)}: `}${service ?? 'overview'}`,
    content,
    refreshSeconds: choice.isRefreshing ? REFRESH_SECONDS : null,
  })
}

function figures(view: Shown, choice: OverviewChoice): Html {
  return html`
    ${services(view.services, choice)}
    ${choice.service === null ? null : operations(view.operations)} ${slowest(view.slowest)}
  `
}

function controls(choice: OverviewChoice): Html {
  const names = Object.keys(WINDOWS) as WindowName[]
  return html`<nav class="choices" aria-label="Window">
    ${names.map((name) => {
      const current = name === choice.window ? html` aria-current="true"` : null
      return html`<a href="${linkTo({ ...choice, window: name })}" ${current}>${WINDOWS[name]}</a>`
    })}
    <a class="apart" href="${linkTo({ ...choice, isRefreshing: !choice.isRefreshing })}">
      ${choice.isRefreshing ? 'Stop refreshing' : `Refresh every ${REFRESH_SECONDS} s`}
    </a>
  </nav>`
}

/** The overview with another choice, as seen from itself. */
function linkTo({ window, service, isRefreshing }: OverviewChoice): string {
  const query = new URLSearchParams({ window })
  if (service !== null) query.set('service', service)
  if (isRefreshing) query.set('refresh', 'on')
  return `./?${query}`
}

function health(view: Shown, choice: OverviewChoice): Html {
  const { total, gaps } = view
  const { status, stableStatus, reasons } = view.health
  return html`<section class="health ${status}" aria-labelledby="health">
    <div>
      <h2 id="health">Health, last 5 minutes</h2>
      <p class="verdict">${statusMark(status)}</p>
      ${
        stableStatus === status
          ? null
          : html`<p class="fine">
              Not settled yet: it was ${statusWords(stableStatus).toLowerCase()}.
            </p>`
      }
      ${list('reasons', reasons)}
    </div>
    <div>
      <h2>All requests in ${WINDOWS[choice.window]}</h2>
      <dl class="totals">
        ${figure('a minute', digits(total.perMinute))} ${figure('errors', errorRate(total))}
        ${figure('p95', p95(total))} ${figure('unresolved errors', unresolved(view, choice))}
      </dl>
    </div>
    ${gaps.length === 0 ? null : html`<div class="gaps">${list('fine', gaps)}</div>`}
  </section>`
}

/** Leads to those that health counts, and to the others nobody has dealt with. */
function unresolved({ errorCount }: { readonly errorCount: number }, choice: OverviewChoice): Html {
  const { service, window } = choice
  const query = new URLSearchParams({
    window: window === '15m' ? '1h' : window,
    ...(service === null ? {} : { service }),
  })
  return html`<a href="errors?${query.toString()}">${formatCount(errorCount)}</a>`
}

function figure(name: string, value: Part): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`
}

function list(name: string, texts: readonly string[]): Html | null {
  if (texts.length === 0) return null
  const rest = texts.length - MAX_REASONS
  return html`<ul class="${name}">
    ${texts.slice(0, MAX_REASONS).map((text) => html`<li>${text}</li>`)}
    ${rest <= 0 ? null : html`<li>and ${formatCount(rest)} more</li>`}
  </ul>`
}

function services(all: readonly ServiceView[], choice: OverviewChoice): Html {
  if (all.length === 0) return html`<p>No requests in this window.</p>`
  const shown = all.slice(0, MAX_SERVICES)
  const rows = shown.map((each) => {
    const link = linkTo({ ...choice, service: each.service })
    const where = each.place === '' ? null : html`<small>${each.place}</small>`
    return html`<tr>
      <th scope="row"><a href="${link}">${each.service || '(no name)'}</a>${where}</th>
      <td class="state">${statusMark(each.status)}</td>
      ${work(each)}
      <td class="curve">${sparkline(each.minutes)}</td>
    </tr>`
  })
  return html`<section aria-labelledby="services">
    <h2 id="services">Services</h2>
    <table class="figures">
      <thead>
        <tr>
          <th scope="col">Service</th>
          <th scope="col">Status</th>
          ${WORK_HEADS}
          <th scope="col" class="curve">Requests, last hour</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
    ${more(all.length, shown.length, 'service')}
  </section>`
}

function operations(all: readonly OperationView[]): Html | null {
  if (all.length === 0) return null
  const shown = all.slice(0, MAX_OPERATIONS)
  return html`<section aria-labelledby="operations">
    <h2 id="operations">Operations</h2>
    <table class="figures">
      <thead>
        <tr>
          <th scope="col">Operation</th>
          ${WORK_HEADS}
        </tr>
      </thead>
      <tbody>
        ${shown.map(
          (each) =>
            html`<tr>
              <th scope="row">${each.operation}<small>${each.module}</small></th>
              ${work(each)}
            </tr>`,
        )}
      </tbody>
    </table>
    ${more(all.length, shown.length, 'operation')}
  </section>`
}

const WORK_HEADS = html`
  <th scope="col" class="number">Requests/min</th>
  <th scope="col" class="number">Errors</th>
  <th scope="col" class="number">p95</th>
`

function work(each: Work): Html {
  return html`
    <td class="number" data-label="requests/min">${digits(each.perMinute)}</td>
    <td class="number" data-label="errors">${errorRate(each)}</td>
    <td class="number" data-label="p95">${p95(each)}</td>
  `
}

/** Leads to a failed trace where there is one. */
function errorRate({ errorPercent, errorTraceId }: Work): Part {
  if (errorPercent === null) return '–'
  const text = formatPercent(errorPercent)
  if (errorPercent === 0 || errorTraceId === null) return text
  return html`<a href="traces/${errorTraceId}" title="A failed trace">${text}</a>`
}

/** Leads to the slowest trace. */
function p95({ p95Ns, slowestTraceId }: Work): Part {
  if (p95Ns === null) return '–'
  if (slowestTraceId === null) return formatNs(p95Ns)
  return html`<a href="traces/${slowestTraceId}" title="The slowest trace">${formatNs(p95Ns)}</a>`
}

function more(all: number, shown: number, noun: string): Html | null {
  return all === shown ? null : html`<p class="fine">${counted(all - shown, noun)} more.</p>`
}

function slowest(traces: readonly SlowestView[]): Html | null {
  if (traces.length === 0) return null
  return html`<section aria-labelledby="slowest">
    <h2 id="slowest">Slowest traces, one an operation</h2>
    <table class="slowest">
      <thead>
        <tr>
          <th scope="col">Operation</th>
          <th scope="col">Service</th>
          <th scope="col" class="number">Duration</th>
        </tr>
      </thead>
      <tbody>
        ${traces.map(
          ({ traceId, service, operation, durationNs }) =>
            html`<tr>
              <th scope="row"><a href="traces/${traceId}">${operation || '(no name)'}</a></th>
              <td>${service}</td>
              <td class="number">${formatNs(durationNs)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </section>`
}

/** For somebody whose collector has received nothing yet. */
function welcome(otlp: OtlpAddresses | null): Html {
  return html`<section class="welcome" aria-labelledby="welcome">
    <h2 id="welcome">Nothing has been received in this window</h2>
    <p>Sidelight is up and waits for telemetry. To see some:</p>
    <ol>
      <li>
        <h3>Look at the demo</h3>
        <p>In the folder of Sidelight, start a small shop that sends traces:</p>
        <pre>npm run demo</pre>
      </li>
      <li>
        <h3>Watch a Node.js application</h3>
        <p>It needs no change, only a flag:</p>
        <pre>OTEL_SERVICE_NAME=orders node --require sidelight/bootstrap app.js</pre>
      </li>
      <li>
        <h3>Send from anything that speaks OTLP</h3>
        ${
          otlp === null
            ? html`<p>
                This collector receives nothing itself; send to one with the role
                <code>ingest</code>.
              </p>`
            : html`<dl class="addresses">
                <div>
                  <dt>OTLP/HTTP</dt>
                  <dd><code>${otlp.http}</code></dd>
                </div>
                <div>
                  <dt>OTLP/gRPC</dt>
                  <dd><code>${otlp.grpc}</code></dd>
                </div>
              </dl>`
        }
      </li>
    </ol>
  </section>`
}
