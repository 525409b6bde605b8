import { framePage, type Place } from './frame'
import { html } from './html'

/** Says what went wrong where a page was asked for. */
export function renderProblem(
  { title, detail }: { readonly title: string; readonly detail: string },
  place: Place & { readonly hasSession: boolean },
): string {
  const content = html`
    <section aria-labelledby="problem">
      <h1 id="problem">${title}</h1>
      <p class="problem">${detail}</p>
      <p><a href="${place.root}">Overview</a></p>
    </section>
  `
  return framePage({ ...place, title, content })
}
