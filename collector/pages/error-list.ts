import type { StoredOccurrence } from '../api/error-contract'
import { valueText } from './attributes'
import { html, type Html } from './html'
import { FAILED } from './status'

/** The errors of a trace, each with the way to its group. */
export function errorList(errors: readonly StoredOccurrence[], root: string): Html | null {
  if (errors.length === 0) return null
  return html`<section class="failures" aria-labelledby="errors">
    <h2 id="errors">Errors</h2>
    <ol>
      ${errors.map(
        ({ groupId, service, spanId, message, ...each }) =>
          html`<li>
            ${FAILED} <a href="${root}errors/${groupId}">${each.class || '(no class)'}</a>
            <span>${valueText(message)}</span>
            <small>
              ${spanId === null ? service : html`<a href="#span-${spanId}">${service}</a>`}
            </small>
          </li>`,
      )}
    </ol>
  </section>`
}
