import { framePage, type Place } from './frame'
import { html } from './html'

/** What the form of the login shows. */
export interface LoginView {
  /** Where to go afterwards, a path below the root; null for the overview. */
  readonly next: string | null
  /** Why the last attempt failed; null at the first. */
  readonly problem: string | null
}

/** The form that takes a token, and how to come by one. */
export function renderLogin({ next, problem }: LoginView, place: Place): string {
  const content = html`
    <section class="login" aria-labelledby="login">
      <h1 id="login">Log in</h1>
      ${problem === null ? null : html`<p class="problem" role="alert">${problem}</p>`}
      <p>On the machine of the collector, this prints a link that logs you in:</p>
      <pre>npx sidelight login</pre>
      <form method="post" action="${place.root}login">
        ${next === null ? null : html`<input type="hidden" name="next" value="${next}" />`}
        <label for="token">Or a token of scope admin or read</label>
        <input
          id="token"
          name="token"
          type="password"
          required
          autocomplete="current-password"
          spellcheck="false"
        />
        <button type="submit">Log in</button>
      </form>
    </section>
  `
  return framePage({ ...place, title: 'Log in', content, hasSession: false })
}

/** Sends the browser on by a page of ours: a cookie that is `SameSite=Strict` is kept back from what another site led to. */
export function renderOnwards(onwards: string, place: Place): string {
  const content = html`<p><a href="${onwards}">Go on</a></p>`
  return framePage({ ...place, title: 'Going on', content, hasSession: false, onwards })
}
