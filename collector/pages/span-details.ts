import type { StoredSpan } from '../api/schemas/trace'
import { attributeList } from './attributes'
import { counted, formatDuration, formatNs } from './format'
import { html, type Html } from './html'
import type { Row } from './waterfall'

type SpanEvent = StoredSpan['events'][number]
type SpanLink = StoredSpan['links'][number]

/** All about a span but its resource, to which it refers by number. */
export function spanDetails(span: StoredSpan, { selfMs }: Row, resourceNumber: number): Html {
  const { attributes, droppedAttributesCount, events, links, scope } = span
  return html`<div class="details">
    ${facts(span, selfMs, resourceNumber)}
    ${part('Attributes', attributeList(attributes, droppedAttributesCount))}
    ${part('Events', eventList(events, span))} ${part('Links', linkList(links, span))}
    ${part('Scope attributes', attributeList(scope.attributes, scope.droppedAttributesCount))}
  </div>`
}

function facts(span: StoredSpan, selfMs: number | null, resourceNumber: number): Html {
  const { status, statusMessage, scope } = span
  const said = statusMessage === '' ? status : `${status}: ${statusMessage}`
  return html`<dl class="facts">
    ${fact('Status', said)} ${fact('Kind', span.kind)} ${fact('Module', span.module)}
    ${fact('Start', span.startTime ?? 'not sent')}
    ${fact('Duration', span.durationMs === null ? 'unknown' : formatDuration(span.durationMs))}
    ${fact('Self time', selfMs === null ? 'unknown' : formatDuration(selfMs))}
    ${fact('Span id', html`<code>${span.spanId}</code>`)}
    ${span.parentSpanId === null ? null : fact('Parent', html`<a href="#span-${span.parentSpanId}"><code>${span.parentSpanId}</code></a>`)}
    ${fact('Scope', [scope.name, scope.version].filter(Boolean).join(' ') || 'none')}
    ${span.traceState === '' ? null : fact('Trace state', span.traceState)}
    ${fact('Resource', html`<a href="#resource-${resourceNumber}">${span.service}</a>`)}
  </dl>`
}

function fact(name: string, value: Html | string): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`
}

/** A part of details under its heading; nothing without content. */
export function part(name: string, content: Html | null): Html | null {
  return content === null
    ? null
    : html`<h3>${name}</h3>
        ${content}`
}

function eventList(events: readonly SpanEvent[], span: StoredSpan): Html | null {
  const { droppedEventsCount } = span
  if (events.length === 0 && droppedEventsCount === 0) return null
  return html`<ol class="events">
    ${events.map(
      (event) =>
        html`<li>
          <b>${event.name}</b> <small>${offsetOf(event, span)}</small>
          ${attributeList(event.attributes, event.droppedAttributesCount)}
        </li>`,
    )}
    ${leftOut(droppedEventsCount, 'event')}
  </ol>`
}

/** When it happened, from the start of its span. */
function offsetOf(event: SpanEvent, span: StoredSpan): string {
  if (event.timeUnixNano === null || span.startTimeUnixNano === null) return ''
  const ns = Number(BigInt(event.timeUnixNano) - BigInt(span.startTimeUnixNano))
  return ns < 0 ? `${formatNs(-ns)} before the start` : `after ${formatNs(ns)}`
}

function linkList(links: readonly SpanLink[], { droppedLinksCount }: StoredSpan): Html | null {
  if (links.length === 0 && droppedLinksCount === 0) return null
  return html`<ul class="links">
    ${links.map(
      (link) =>
        html`<li>
          <a href="${link.traceId}#span-${link.spanId}"
            >span <code>${link.spanId}</code> of trace <code>${link.traceId}</code></a
          >
          ${attributeList(link.attributes, link.droppedAttributesCount)}
        </li>`,
    )}
    ${leftOut(droppedLinksCount, 'link')}
  </ul>`
}

function leftOut(count: number, noun: string): Html | null {
  return count === 0 ? null : html`<li>${counted(count, noun)} left out by the sender</li>`
}
