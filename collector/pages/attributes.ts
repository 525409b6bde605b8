import { formatCount } from './format'
import { html, type Html } from './html'

const MAX_VALUE_CHARACTERS = 2_000

/** Attributes as a list of names and values; null when there is none. */
export function attributeList(
  attributes: Readonly<Record<string, unknown>>,
  droppedCount: number,
): Html | null {
  const entries = Object.entries(attributes)
  if (entries.length === 0 && droppedCount === 0) return null
  return html`<dl class="attributes">
    ${entries.map(
      ([key, value]) =>
        html`<div>
          <dt>${key}</dt>
          <dd>${valueText(value)}</dd>
        </div>`,
    )}
    ${
      droppedCount === 0
        ? null
        : html`<div>
            <dt>left out by the sender</dt>
            <dd>${formatCount(droppedCount)}</dd>
          </div>`
    }
  </dl>`
}

/** Any stored value as text: a string as it is, anything else as JSON; the end of a long one is left out, and said to be. */
export function valueText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (text.length <= MAX_VALUE_CHARACTERS) return text
  const rest = formatCount(text.length - MAX_VALUE_CHARACTERS)
  return `${text.slice(0, MAX_VALUE_CHARACTERS)} … and ${rest} more characters`
}
