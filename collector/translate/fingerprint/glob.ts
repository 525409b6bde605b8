/** Tells whether a text is matched whole. */
export type Glob = (text: string) => boolean

/**
 * Compiles a pattern in which `*` stands for any text and `?` for any one character. The pieces between the stars are
 * looked for from left to right, each where the one before ended: that needs no going back, so the time grows with
 * the text, whatever the pattern.
 */
export function compileGlob(pattern: string): Glob {
  const pieces = pattern.split('*')
  const [first = '', ...others] = pieces
  const last = others.pop()
  if (last === undefined) return (text) => text.length === first.length && matchesAt(text, 0, first)
  const middle = others.filter((piece) => piece !== '')
  return (text) => {
    if (text.length < first.length + last.length || !matchesAt(text, 0, first)) return false
    let at = first.length
    for (const piece of middle) {
      const found = find(text, at, piece)
      if (found === -1) return false
      at = found + piece.length
    }
    return text.length - last.length >= at && matchesAt(text, text.length - last.length, last)
  }
}

function find(text: string, from: number, piece: string): number {
  if (!piece.includes('?')) return text.indexOf(piece, from)
  for (let at = from; at + piece.length <= text.length; at++) {
    if (matchesAt(text, at, piece)) return at
  }
  return -1
}

function matchesAt(text: string, at: number, piece: string): boolean {
  if (at + piece.length > text.length) return false
  for (let index = 0; index < piece.length; index++) {
    const wanted = piece[index]
    if (wanted !== '?' && wanted !== text[at + index]) return false
  }
  return true
}
