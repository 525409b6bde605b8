/**
 * What an IP address is, with a port, prefix or zone behind it: `<ip>`, `<ip>:<int>`, `<ip>/<int>`. An IPv6 address is one as
 * RFC 4291 has it, so a time or a MAC address is none. Null for others.
 */
export function kindOfAddress(token: string): string | null {
  const four = endOfIpv4(token, 0)
  if (four !== -1) {
    if (four === token.length) return '<ip>'
    const mark = token[four]!
    return (mark === ':' || mark === '/') && isNumber(token, four + 1) ? `<ip>${mark}<int>` : null
  }
  // Node writes no brackets before a port.
  if (token.startsWith('::1:') && isNumber(token, 4)) return '<ip>:<int>'
  let end = 0
  while (end < token.length && isAddressPart(token.charCodeAt(end))) end++
  if (!isIpv6(token.slice(0, end))) return null
  if (end === token.length) return '<ip>'
  if (token[end] === '%') return '<ip>'
  return token[end] === '/' && isNumber(token, end + 1) ? '<ip>/<int>' : null
}

/** Whether an address or name is this host's own. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '127.0.0.1'
}

/** `00:1b:44:11:3a:b7`, with dashes too. */
export function isMac(token: string): boolean {
  if (token.length !== 17) return false
  const mark = token.charCodeAt(2)
  for (let at = 0; at < 17; at++) {
    const code = token.charCodeAt(at)
    if (at % 3 === 2 ? code !== mark : !isHexDigit(code)) return false
  }
  return mark === COLON || mark === 0x2d
}

/**
 * Whether a name with dots is one of a host: its last label must be a domain people use. Names that are words or endings of files
 * besides, as in `user.id` and `main.rs`, count only where there are three labels. `isMail`: any domain is one.
 */
export function isHostname(name: string, isMail: boolean): boolean {
  if (name.length > 253) return false
  let labels = 1
  let start = 0
  for (let at = 0; at <= name.length; at++) {
    const code = at === name.length ? POINT : name.charCodeAt(at)
    if (code === POINT) {
      if (at === start || at - start > 63) return false
      if (at === name.length) break
      labels++
      start = at + 1
    } else if (!isLabelPart(code)) return false
  }
  const last = name.slice(start).toLowerCase()
  if (isMail) return labels > 1
  return DOMAINS.has(last) ? labels > 1 : WORDLIKE.has(last) && labels > 2
}

const COLON = 0x3a
const POINT = 0x2e
const DOMAINS: ReadonlySet<string> = new Set(
  (
    'com net org edu gov mil int io dev cloud biz info xyz online site co uk de fr nl ru jp cn eu au br es se ch cz dk ' +
    'fi ie kr mx nz pt ro sg tr tw ua za ar hk hu gr il arpa local internal svc lan corp intra localdomain svc'
  ).split(' '),
)
const WORDLIKE: ReadonlySet<string> = new Set(
  'id in is it to me us at be no so my name app ai tv ca pl tech store shop site test example host'.split(
    ' ',
  ),
)

function isLabelPart(code: number): boolean {
  const letter = code | 0x20
  return (letter >= 0x61 && letter <= 0x7a) || isDigit(code) || code === 0x2d || code === 0x5f
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isHexDigit(code: number): boolean {
  return isDigit(code) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66)
}

function isAddressPart(code: number): boolean {
  return isHexDigit(code) || code === COLON || code === POINT
}

function isNumber(token: string, from: number): boolean {
  if (from >= token.length) return false
  for (let at = from; at < token.length; at++) if (!isDigit(token.charCodeAt(at))) return false
  return true
}

/** Where four numbers of up to 255 with points between them end, -1 where they do not stand. */
function endOfIpv4(text: string, start: number): number {
  let at = start
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charCodeAt(at++) !== POINT) return -1
    let value = 0
    const first = at
    while (at - first < 3 && isDigit(text.charCodeAt(at))) {
      value = value * 10 + text.charCodeAt(at) - 0x30
      at++
    }
    if (at === first || value > 255) return -1
  }
  const next = text.charCodeAt(at)
  return isDigit(next) || next === POINT ? -1 : at
}

/** Eight groups, or fewer with one `::`; the last two may be an IPv4 address. */
function isIpv6(text: string): boolean {
  if (text.length < 2 || text.length > 45) return false
  let groups = 0
  let hasGap = false
  let at = 0
  if (text.startsWith('::')) {
    hasGap = true
    at = 2
  }
  while (at < text.length) {
    const first = at
    while (at < text.length && isHexDigit(text.charCodeAt(at))) at++
    if (text.charCodeAt(at) === POINT) {
      groups += 2
      if (endOfIpv4(text, first) !== text.length) return false
      return hasGap ? groups < 8 : groups === 8
    }
    if (at === first || at - first > 4) return false
    groups++
    if (at === text.length) break
    at++
    if (text.charCodeAt(at) === COLON) {
      if (hasGap) return false
      hasGap = true
      at++
    } else if (at === text.length) return false
  }
  return hasGap ? groups < 8 : groups === 8
}
