import { html, type Html } from './html'

/** What every page is told. */
export interface Place {
  /** From the page to `/`: `./`, `../` and so on. A page may be served below any prefix, so no address is absolute. */
  readonly root: string
  /** The stylesheet, below the root. */
  readonly stylesheet: string
}

/** A page: what its frame shows beside its content. */
export interface Framed extends Place {
  readonly title: string
  readonly content: Html
  /** Whether somebody is logged in who may want to log out. */
  readonly hasSession: boolean
  /** The page is asked for again after so many seconds; null never. */
  readonly refreshSeconds?: number | null
  /** Where the browser goes on to at once; null nowhere. */
  readonly onwards?: string | null
}

/** Puts the content into a document. */
export function framePage(framed: Framed): string {
  const { root, stylesheet, title, content, hasSession } = framed
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        ${refresh(framed)}
        <title>${title} · Sidelight</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="${root}${stylesheet}" />
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header class="top">
          <a class="brand" href="${root}">${MARK} Sidelight</a>
          ${hasSession ? pages(root) : null} ${hasSession ? logout(root) : null}
        </header>
        <main id="content">${content}</main>
      </body>
    </html>`.toString()
}

const MARK = html`<svg class="mark" viewBox="0 0 16 16" aria-hidden="true">
  <path d="M2 2h4v12H2z" />
  <path class="beam" d="M7 5l7-3v12l-7-3z" />
</svg>`

function refresh({ refreshSeconds = null, onwards = null }: Framed): Html | null {
  if (onwards !== null) return html`<meta http-equiv="refresh" content="0; url=${onwards}" />`
  if (refreshSeconds === null) return null
  return html`<meta http-equiv="refresh" content="${refreshSeconds}" />`
}

function pages(root: string): Html {
  return html`<nav class="pages" aria-label="Pages">
    <a href="${root}">Overview</a> <a href="${root}errors">Errors</a>
  </nav>`
}

function logout(root: string): Html {
  return html`<form method="post" action="${root}logout">
    <button class="quiet" type="submit">Log out</button>
  </form>`
}
