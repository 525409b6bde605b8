import type { StoredSpan } from '../api/schemas/trace'
import { attributeList } from './attributes'
import { html, type Html } from './html'
import type { Row } from './waterfall'

/** The resources of a page, numbered: each is shown once, however many spans it sent. */
export interface Resources {
  readonly numberOf: (span: StoredSpan) => number
  readonly list: Html
}

/** Numbers the resources of the rows in their order. */
export function numberResources(rows: readonly Row[]): Resources {
  const numbers = new Map<string, number>()
  const first: StoredSpan[] = []
  const numberOfSpan = new Map<StoredSpan, number>()
  for (const { span } of rows) {
    if (span === null) continue
    const key = JSON.stringify([span.service, span.resource])
    const number = numbers.get(key) ?? first.push(span)
    numbers.set(key, number)
    numberOfSpan.set(span, number)
  }
  return { numberOf: (span) => numberOfSpan.get(span) ?? 0, list: resourceList(first) }
}

function resourceList(spans: readonly StoredSpan[]): Html {
  return html`<section aria-labelledby="resources">
    <h2 id="resources">Resources</h2>
    ${spans.map(({ service, resource }, at) => {
      const { attributes, droppedAttributesCount } = resource
      return html`<details id="resource-${at + 1}">
        <summary>${service} <small>resource ${at + 1}</small></summary>
        ${attributeList(attributes, droppedAttributesCount) ?? html`<p>No attributes.</p>`}
      </details>`
    })}
  </section>`
}
