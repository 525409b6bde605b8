/**
 * Takes the hash of its content out of a file's name, which differs from build to build: `main.3f2a9c1b.js` (webpack),
 * `page-0123456789abcdef.js` (Next), `chunk-AB12CD34.js` (esbuild), `index-BxY3d_9z.js` (Rollup).
 */
export function cutHashes(path: string): string {
  const slash = path.lastIndexOf('/') + 1
  const dot = path.lastIndexOf('.')
  if (dot - slash < SHORTEST) return path
  const ending = path.endsWith('.js') || path.endsWith('js') || path.endsWith('.ts')
  if (!ending) return path
  let stemEnd = dot
  // `main.3f2a9c1b.chunk.js`, `main.3f2a9c1b.min.js`
  const before = path.lastIndexOf('.', dot - 1)
  const word = before > slash ? path.slice(before + 1, dot) : ''
  if (word === 'chunk' || word === 'min' || word === 'bundle') stemEnd = before
  if (isHex(path, slash, stemEnd)) return `${path.slice(0, slash)}<hash>${path.slice(stemEnd)}`
  const point = path.lastIndexOf('.', stemEnd - 1)
  if (point > slash && isHex(path, point + 1, stemEnd)) {
    return path.slice(0, point) + path.slice(stemEnd)
  }
  for (let dash = path.indexOf('-', slash); dash !== -1 && dash < stemEnd;) {
    if (dash > slash && (isHex(path, dash + 1, stemEnd) || isBase64(path, dash + 1, stemEnd))) {
      return path.slice(0, dash) + path.slice(stemEnd)
    }
    if (stemEnd - dash < SHORTEST) break
    dash = path.indexOf('-', dash + 1)
  }
  return path
}

const SHORTEST = 8

/** At least 8 hexadecimal digits, not all of them letters. */
function isHex(text: string, start: number, end: number): boolean {
  if (end - start < SHORTEST) return false
  let digits = 0
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code >= 0x30 && code <= 0x39) digits++
    else if (code < 0x61 || code > 0x66) return false
  }
  return digits > 0
}

/** Eight characters as bundlers take them from base32 and base64: capitals alone, or mixed as no word is. */
function isBase64(text: string, start: number, end: number): boolean {
  if (end - start !== SHORTEST) return false
  let capitals = 0
  let small = 0
  let others = 0
  let changes = 0
  let wasCapital = false
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at)
    const isCapital = code >= 0x41 && code <= 0x5a
    if (isCapital) capitals++
    else if (code >= 0x61 && code <= 0x7a) small++
    else if ((code >= 0x30 && code <= 0x39) || code === 0x5f || code === 0x2d) others++
    else return false
    if (at > start && isCapital !== wasCapital) changes++
    wasCapital = isCapital
  }
  if (small === 0) return capitals > 0
  return capitals > 0 && (others > 0 || changes > 2)
}
