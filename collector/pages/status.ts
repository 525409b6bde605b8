import type { Status } from '../health/judge'
import { html, type Html } from './html'

const WORDS: Readonly<Record<Status, string>> = {
  healthy: 'Healthy',
  degraded: 'Degraded',
  critical: 'Critical',
  no_data: 'No data',
  insufficient_data: 'Too few requests',
}

/** The status in words. */
export function statusWords(status: Status): string {
  return WORDS[status]
}

/** The status by shape and by word; its colour only repeats them. */
export function statusMark(status: Status): Html {
  return html`<span class="status ${status}">${shape(status)} ${WORDS[status]}</span>`
}

/** The severity of an alert, with the shapes of states. */
export function severityMark(severity: 'critical' | 'warning'): Html {
  if (severity === 'critical') return statusMark('critical')
  return html`<span class="status degraded">${shape('degraded')} Warning</span>`
}

/** The shapes, once a page; each mark refers to one of them. */
export const STATUS_SHAPES = html`<svg class="defs" aria-hidden="true">
  <symbol id="healthy" viewBox="0 0 16 16">
    <circle cx="8" cy="8" r="7" />
    <path class="cut" d="M4.5 8.2l2.4 2.4 4.6-5" />
  </symbol>
  <symbol id="degraded" viewBox="0 0 16 16">
    <path d="M8 1l7.5 14H.5z" />
    <path class="cut" d="M8 6v4M8 12v1" />
  </symbol>
  <symbol id="critical" viewBox="0 0 16 16">
    <path d="M5 .5h6L15.5 5v6L11 15.5H5L.5 11V5z" />
    <path class="cut" d="M5 5l6 6M11 5l-6 6" />
  </symbol>
  <symbol id="no_data" viewBox="0 0 16 16">
    <circle class="open" cx="8" cy="8" r="6" />
  </symbol>
  <symbol id="insufficient_data" viewBox="0 0 16 16">
    <circle class="open dashed" cx="8" cy="8" r="6" />
  </symbol>
</svg>`

/** The shape of what failed, for one item among many. */
export const FAILED = html`<svg class="failed" aria-hidden="true"><use href="#critical" /></svg>`

function shape(status: Status): Html {
  return html`<svg aria-hidden="true"><use href="#${status}" /></svg>`
}
