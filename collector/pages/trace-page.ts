import type { StoredTrace } from '../api/contract'
import type { StoredOccurrence } from '../api/error-contract'
import type { StoredSpan } from '../api/schemas/trace'
import { chart } from './chart'
import { errorList } from './error-list'
import { counted, formatCount, formatDuration, formatTime } from './format'
import { framePage, type Place } from './frame'
import { html, type Html } from './html'
import { logList } from './log-list'
import { numberResources } from './resources'
import { FAILED, STATUS_SHAPES } from './status'
import { arrangeWaterfall, isFailed, type Waterfall } from './waterfall'

/** Rows and log records on one page; a browser is slow with more. */
const MAX_ROWS = 1_000
const MAX_LOGS = 200
const MAX_FAILURES = 10

/** What the page of a trace shows. */
export interface TraceView {
  readonly traceId: string
  readonly trace: StoredTrace
  readonly errors: readonly StoredOccurrence[]
  /** Whether the reader may ask the API for the trace. */
  readonly mayAskApi: boolean
}

/** A trace as a waterfall, then its log records. */
export function renderTrace(
  { traceId, trace, errors, mayAskApi }: TraceView,
  place: Place & { readonly hasSession: boolean },
): string {
  const { spans } = trace
  const waterfall = arrangeWaterfall(spans, MAX_ROWS)
  const { startMs } = waterfall
  const services = [...new Set(spans.map(({ service }) => service))]
  const resources = numberResources(waterfall.rows)
  const failed = spans.filter(isFailed)
  const json = mayAskApi ? `${place.root}api/admin/observability/traces/${traceId}` : null
  const name = waterfall.rows.find(({ span }) => span !== null)?.span?.name ?? `Trace ${traceId}`
  const content = html`
    ${STATUS_SHAPES}
    <div class="title">
      <h1>${name}</h1>
      <p class="fine">
        Trace <code>${traceId}</code>, began
        ${startMs === null ? 'at an unknown time' : formatTime(startMs)}
        ${json === null ? null : html`<a href="${json}">JSON</a>`}
      </p>
    </div>
    ${summary(trace, waterfall, failed)} ${errorList(errors, place.root)} ${failures(failed)}
    ${spans.length === 0 ? null : chart(waterfall, services, resources)}
    ${cut(trace, waterfall, json)} ${logs(traceId, trace)}
    ${spans.length === 0 ? null : resources.list}
  `
  return framePage({ ...place, title: name, content })
}

function summary(
  { spans, isTruncated, logs, isLogsTruncated }: StoredTrace,
  { lengthMs }: Waterfall,
  failed: readonly StoredSpan[],
): Html {
  return html`<dl class="totals">
    ${figure('Duration', formatDuration(lengthMs))}
    ${figure('Failed', counted(failed.length, 'span'))}
    ${figure('Spans', atLeast(spans.length, isTruncated))}
    ${figure('Log records', atLeast(logs.length, isLogsTruncated))}
  </dl>`
}

function figure(name: string, value: string): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`
}

function atLeast(count: number, isTruncated: boolean): string {
  return isTruncated ? `${formatCount(count)}+` : formatCount(count)
}

/** What one looks for first: the first to end is nearest to the cause. */
function failures(failed: readonly StoredSpan[]): Html | null {
  if (failed.length === 0) return null
  const byEnd = [...failed].sort((a, b) => compareNs(a.endTimeUnixNano, b.endTimeUnixNano))
  const rest = failed.length - MAX_FAILURES
  return html`<section class="failures" aria-labelledby="failures">
    <h2 id="failures">What failed, in order</h2>
    <ol>
      ${byEnd.slice(0, MAX_FAILURES).map(
        (span) =>
          html`<li>
            ${FAILED} <a href="#span-${span.spanId}">${span.service}: ${span.name}</a>
            <span>${reasonOf(span)}</span>
          </li>`,
      )}
    </ol>
    ${rest <= 0 ? null : html`<p class="fine">and ${counted(rest, 'span')} more</p>`}
  </section>`
}

function compareNs(a: string | null, b: string | null): number {
  const [left, right] = [BigInt(a ?? 0), BigInt(b ?? 0)]
  return left < right ? -1 : left > right ? 1 : 0
}

/** What a span says of its failure: the message of its status, else of its last exception, else the HTTP status. */
function reasonOf({ statusMessage, events, attributes }: StoredSpan): string {
  if (statusMessage !== '') return statusMessage
  const exception = events.findLast(({ name }) => name === 'exception')
  const message = exception?.attributes['exception.message']
  if (typeof message === 'string') return message
  const code = attributes['http.response.status_code'] ?? attributes['http.status_code']
  return code === undefined ? '' : `HTTP status ${String(code)}`
}

/** Says what is not on the page. */
function cut(
  { isTruncated, spans }: StoredTrace,
  { rows, rowCount }: Waterfall,
  json: string | null,
): Html | null {
  if (rows.length === rowCount && !isTruncated) return null
  const all = atLeast(isTruncated ? spans.length : rowCount, isTruncated)
  return html`<p class="notice">
    The first ${formatCount(rows.length)} of ${all} rows are shown.
    ${json === null ? null : html`<a href="${json}">The trace as JSON</a>`}
  </p>`
}

function logs(traceId: string, { spans, logs, isLogsTruncated }: StoredTrace): Html {
  const [first] = spans
  const shown = logs.slice(0, MAX_LOGS)
  const [some, all] = [formatCount(shown.length), atLeast(logs.length, isLogsTruncated)]
  const content = logList(shown, {
    originNs: first?.startTimeUnixNano ? BigInt(first.startTimeUnixNano) : null,
    spanHref: (spanId) => `#span-${spanId}`,
  })
  return html`<section aria-labelledby="logs">
    <h2 id="logs">Log records</h2>
    <p class="fine">
      ${some === all ? all : `The first ${some} of ${all}`} with the id of this trace;
      <a href="${traceId}/logs">on a page of their own</a>
    </p>
    ${logs.length === 0 ? null : content}
  </section>`
}
