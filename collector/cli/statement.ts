/** Complete SQL statements, without their semicolons, and what is left after the last one. */
export interface Split {
  readonly statements: readonly string[]
  readonly rest: string
}

/**
 * Splits a text at the semicolons that end statements: not those in strings, quoted names, dollar quotes, comments or
 * parentheses.
 */
export function splitStatements(text: string): Split {
  const statements: string[] = []
  let start = 0
  let depth = 0
  TOKEN.lastIndex = 0
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    const [token] = match
    if (token === '(') depth++
    else if (token === ')') depth = Math.max(0, depth - 1)
    else if (token === '/*') TOKEN.lastIndex = endOfComment(text, match.index)
    else if (token === ';' && depth === 0) {
      const statement = text.slice(start, match.index).trim()
      if (!isBlank(statement)) statements.push(statement)
      start = match.index + 1
    }
  }
  const rest = text.slice(start)
  return { statements, rest: rest.trim() === '' ? '' : rest }
}

/** Whether a text says nothing: white space and comments only. */
export function isBlank(text: string): boolean {
  let position = 0
  for (;;) {
    while (/\s/.test(text[position] ?? '')) position++
    if (position >= text.length) return true
    if (text.startsWith('--', position)) {
      const end = text.indexOf('\n', position)
      position = end < 0 ? text.length : end
    } else if (text.startsWith('/*', position)) position = endOfComment(text, position)
    else return false
  }
}

/** What matters to the splitting; whatever is opened and not closed reaches to the end of the text. */
const TOKEN = new RegExp(
  [
    String.raw`(?<![a-z0-9_$])e'(?:[^'\\]|\\[^]|'')*(?:'|$)`,
    String.raw`'(?:[^']|'')*(?:'|$)`,
    String.raw`"[^"]*(?:"|$)`,
    String.raw`(?<![a-z0-9_$\u0080-\uffff])\$([a-z_\u0080-\uffff][a-z0-9_\u0080-\uffff]*)?\$[^]*?(?:\$\1\$|$(?![^]))`,
    String.raw`--[^\n]*`,
    String.raw`/\*`,
    '[();]',
  ].join('|'),
  'gi',
)

/** Comments nest. */
function endOfComment(text: string, start: number): number {
  const edge = /\/\*|\*\//g
  edge.lastIndex = start
  let depth = 0
  for (let match = edge.exec(text); match !== null; match = edge.exec(text)) {
    depth += match[0] === '/*' ? 1 : -1
    if (depth === 0) return edge.lastIndex
  }
  return text.length
}
