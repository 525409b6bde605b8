/** Markup that is sent as it stands. Only the tag `html` makes it, so whatever else there is has been escaped. */
export class Html {
  readonly #markup: string

  constructor(literals: readonly string[], parts: readonly Part[]) {
    let markup = literals[0] ?? ''
    for (const [at, part] of parts.entries()) markup += Html.#escaped(part) + literals[at + 1]
    this.#markup = markup
  }

  toString(): string {
    return this.#markup
  }

  static #escaped(part: Part): string {
    if (part === null) return ''
    if (part instanceof Html) return part.#markup
    if (typeof part === 'string') return escape(part)
    if (typeof part === 'number') return String(part)
    return part.map((each) => Html.#escaped(each)).join('')
  }
}

/** What may stand in a template; null is nothing. Text is escaped, in attributes as well, which are always quoted. */
export type Part = Html | string | number | null | readonly Part[]

/** Writes markup: the literals as they are, everything between them escaped. */
export function html(literals: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(compact(literals), parts)
}

const compacted = new WeakMap<TemplateStringsArray, readonly string[]>()

/** The line breaks and the indentation of the source are one space to a browser; a page need not carry them. */
function compact(literals: TemplateStringsArray): readonly string[] {
  const known = compacted.get(literals)
  if (known !== undefined) return known
  const shorter = literals.map((text) => text.replace(/\s*\n\s*/g, '\n'))
  compacted.set(literals, shorter)
  return shorter
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escape(text: string): string {
  return /[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (c) => ESCAPES[c] ?? c) : text
}
