import type { StoredSpan } from '../api/schemas/trace'
import { formatDuration } from './format'
import { html, type Html } from './html'
import type { Resources } from './resources'
import { spanDetails } from './span-details'
import { FAILED } from './status'
import { CHART_WIDTH, isFailed, type Row, type Waterfall } from './waterfall'

/** Characters of details on one page. Behind them rows have none, and say where to find them. */
const MAX_DETAILS = 3_000_000
/** Colours of services, in the stylesheet; the services beyond share them again. */
const COLOURS = 8
/** Deeper rows are indented no further. */
const MAX_INDENT = 16
const TICKS = [0, 0.25, 0.5, 0.75, 1]

/** The waterfall: a row a span, told apart by name and colour of its service, its details folded away. */
export function chart(
  { rows, lengthMs }: Waterfall,
  services: readonly string[],
  resources: Resources,
): Html {
  const colours = new Map(services.map((service, at) => [service, `c${at % COLOURS}`]))
  const colourOf = (service: string) => colours.get(service) ?? ''
  return html`<section aria-labelledby="waterfall">
    <h2 id="waterfall">Waterfall</h2>
    <ul class="legend" aria-label="Services">
      ${services.map((service) => html`<li class="${colourOf(service)}">${SWATCH} ${service}</li>`)}
    </ul>
    <div class="axis" aria-hidden="true">
      ${TICKS.map((tick) => html`<span>${formatDuration(lengthMs * tick)}</span>`)}
    </div>
    <ol class="waterfall">
      ${items(rows, colourOf, resources)}
    </ol>
  </section>`
}

const SWATCH = html`<svg viewBox="0 0 8 8" aria-hidden="true">
  <rect width="8" height="8" rx="2" />
</svg>`

function items(
  rows: readonly Row[],
  colourOf: (service: string) => string,
  { numberOf }: Resources,
): Html[] {
  const seen = new Set<string>()
  let used = 0
  return rows.map((row) => {
    const { spanId, span } = row
    // Of a span id sent twice the first is led to.
    const id = seen.has(spanId) ? null : html`id="span-${spanId}"`
    seen.add(spanId)
    if (span === null) return missingItem(row, id)
    const details = used > MAX_DETAILS ? LEFT_OUT : spanDetails(span, row, numberOf(span))
    used += details.toString().length
    return spanItem(row, span, html`class="${colourOf(span.service)}" ${id}`, details)
  })
}

const LEFT_OUT = html`<p class="details">Not on this page, which is long enough: see the JSON.</p>`

function spanItem({ depth, bar }: Row, span: StoredSpan, attributes: Html, details: Html): Html {
  const { name, service, durationMs } = span
  return html`<li ${attributes}>
    <details>
      <summary>
        <span class="name ${indent(depth)}">
          ${isFailed(span) ? html`${FAILED}<span class="unseen">failed</span>` : null} ${name}
          <small>${service}</small>
        </span>
        <span class="time">${durationMs === null ? 'unknown' : formatDuration(durationMs)}</span>
        ${bar === null ? html`<span class="bar"></span>` : barOf(bar)}
      </summary>
      ${details}
    </details>
  </li>`
}

function barOf({ x, width }: { readonly x: number; readonly width: number }): Html {
  return html`<svg
    class="bar"
    viewBox="0 0 ${CHART_WIDTH} 10"
    preserveAspectRatio="none"
    aria-hidden="true"
  >
    <rect x="${x}" width="${width}" height="10" />
  </svg>`
}

function missingItem({ depth, spanId }: Row, id: Html | null): Html {
  return html`<li class="missing" ${id}>
    <p class="name ${indent(depth)}">span <code>${spanId}</code> was not received</p>
  </li>`
}

function indent(depth: number): string {
  return `d${Math.min(depth, MAX_INDENT)}`
}
