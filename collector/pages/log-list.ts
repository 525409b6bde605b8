import type { Log } from '../api/schemas/log'
import { attributeList, valueText } from './attributes'
import { formatNs, timeOfDay } from './format'
import { html, type Html } from './html'
import { part } from './span-details'

/** How a page shows log records. */
export interface LogListing {
  /** Unix nanoseconds from which offsets are counted; null where the time of day is shown. */
  readonly originNs: bigint | null
  /** Leads to a span. */
  readonly spanHref: (spanId: string) => string
}

/** Log records in the order given. */
export function logList(logs: readonly Log[], listing: LogListing): Html {
  return html`<ol class="logs">
    ${logs.map((log) => logItem(log, listing))}
  </ol>`
}

/** A record, what is beside its body folded away. */
function logItem(log: Log, { originNs, spanHref }: LogListing): Html {
  const severity = log.severity ?? 'unset'
  return html`<li class="log ${severity}">
    <details>
      <summary>
        <time datetime="${log.time}">${shownTime(log, originNs)}</time>
        <span class="severity">${log.severityText ?? severity}</span>
        <span class="service">${log.service}</span>
        <span class="body">${bodyText(log)}</span>
      </summary>
      <div class="details">
        <dl class="facts">
          <div>
            <dt>Time</dt>
            <dd>${log.time}</dd>
          </div>
          ${
            log.spanId === null
              ? null
              : html`<div>
                  <dt>Span</dt>
                  <dd>
                    <a href="${spanHref(log.spanId)}"><code>${log.spanId}</code></a>
                  </dd>
                </div>`
          }
          ${
            log.scope.name === ''
              ? null
              : html`<div>
                  <dt>Scope</dt>
                  <dd>${log.scope.name} ${log.scope.version}</dd>
                </div>`
          }
        </dl>
        ${part('Attributes', attributeList(log.attributes, log.droppedAttributesCount))}
        ${part('Resource', attributeList(log.resource.attributes, log.resource.droppedAttributesCount))}
      </div>
    </details>
  </li>`
}

function shownTime(log: Log, originNs: bigint | null): string {
  const { timeUnixNano } = log
  if (originNs === null || timeUnixNano === null) return timeOfDay(log.time)
  const ns = Number(BigInt(timeUnixNano) - originNs)
  return ns < 0 ? `−${formatNs(-ns)}` : `+${formatNs(ns)}`
}

/** The body; of an event without one its name. */
function bodyText({ body, eventName }: Log): string {
  if (body === null) return eventName ?? '(no body)'
  return eventName === null ? valueText(body) : `${eventName}: ${valueText(body)}`
}
