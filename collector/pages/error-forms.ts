import type { ErrorGroup } from '../api/error-contract'
import { html, type Html } from './html'

/** For how long a group may be muted by the form: hours, for people; null for good. The first is what is usual. */
export const MUTE_HOURS = [
  ['1h', '1 hour', 1],
  ['1d', '1 day', 24],
  ['7d', '7 days', 168],
  ['ever', 'for good', null],
] as const
/** Throws within an hour that end a mute; null for none. */
export const MUTE_COUNTS = [
  ['none', 'whatever comes', null],
  ['10', '10', 10],
  ['100', '100', 100],
  ['1000', '1,000', 1_000],
] as const

/** What may be done to a group: forms that need no script, each sent to a route of its own. */
export function actions(group: ErrorGroup, newestRelease: string | null): Html {
  const { id, state } = group
  const isDecided = state === 'resolved' || state === 'muted'
  return html`<section class="actions" aria-label="What to do about it">
    ${isDecided ? reopen(group) : null} ${state === 'resolved' ? null : resolve(id, newestRelease)}
    ${state === 'muted' ? null : mute(id)} ${assign(group)} ${merge(id)}
  </section>`
}

function reopen({ id, state }: ErrorGroup): Html {
  const what = state === 'muted' ? 'Unmute' : 'Reopen'
  return html`<form method="post" action="${id}/reopen">
    <button type="submit">${what}</button>
  </form>`
}

function resolve(id: string, newestRelease: string | null): Html {
  const isNewest = html`<button type="submit" name="kind" value="in_release">
    In ${newestRelease ?? ''}
  </button>`
  return menu(
    'Resolve',
    html`<form method="post" action="${id}/resolve">
      ${text('notes', 'What was done', 2_000)} ${who()}
      ${
        newestRelease === null
          ? null
          : html`<input type="hidden" name="release" value="${newestRelease}" />`
      }
      <p class="buttons">
        <button type="submit" name="kind" value="now">Resolve now</button>
        <button type="submit" name="kind" value="in_next_release">In the next release</button>
        ${newestRelease === null ? null : isNewest}
      </p>
      <p class="fine">
        Now: whatever comes later is a regression. In a release: only what that one or a later one
        throws.
      </p>
    </form>`,
  )
}

function mute(id: string): Html {
  return menu(
    'Mute',
    html`<form method="post" action="${id}/mute">
      <label>For ${options('hours', MUTE_HOURS)}</label>
      <label>or until so many throws an hour ${options('count', MUTE_COUNTS)}</label>
      ${who()}
      <p class="buttons"><button type="submit">Mute</button></p>
    </form>`,
  )
}

function assign({ id, assignee }: ErrorGroup): Html {
  return menu(
    assignee === null ? 'Assign' : 'Assign to another',
    html`<form method="post" action="${id}/assign">
      <label>
        To whom; empty for nobody
        <input name="assignee" value="${assignee ?? ''}" maxlength="200" spellcheck="false" />
      </label>
      ${who()}
      <p class="buttons"><button type="submit">Assign</button></p>
    </form>`,
  )
}

function merge(id: string): Html {
  return menu(
    'Merge',
    html`<form method="post" action="${id}/merge">
      <label>
        The id of another group of this service, or the address of its page
        <input name="other" required maxlength="2000" spellcheck="false" autocomplete="off" />
      </label>
      ${who()}
      <p class="buttons"><button type="submit">Make it part of this one</button></p>
    </form>`,
  )
}

/** A button that makes a similar group part of this one. */
export function mergeButton(id: string, other: string): Html {
  return html`<form method="post" action="${id}/merge">
    <input type="hidden" name="other" value="${other}" />
    <button class="quiet" type="submit">Merge into this one</button>
  </form>`
}

/** A button that makes a hash a group of its own again. */
export function splitButton(id: string, hash: string): Html {
  return html`<form method="post" action="${id}/split">
    <input type="hidden" name="hash" value="${hash}" />
    <button class="quiet" type="submit">Split off</button>
  </form>`
}

function menu(name: string, form: Html): Html {
  return html`<details class="menu">
    <summary>${name}</summary>
    ${form}
  </details>`
}

/** A session knows what its token may do, not whose it is. */
function who(): Html {
  return html`<label>
    Your name, for the history
    <input name="by" autocomplete="nickname" maxlength="200" spellcheck="false" />
  </label>`
}

function text(name: string, label: string, maxLength: number): Html {
  return html`<label>${label} <input name="${name}" maxlength="${maxLength}" /></label>`
}

function options(
  name: string,
  choices: readonly (readonly [value: string, word: string, meaning: number | null])[],
): Html {
  return html`<select name="${name}">
    ${choices.map(([value, word]) => html`<option value="${value}">${word}</option>`)}
  </select>`
}
