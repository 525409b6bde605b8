/** The headers of a request that its span needs, as the client wrote them. */
export class RequestHeaders {
  host: string | undefined
  userAgent: string | undefined
  /** Of HTTP/2, which has no `host`. */
  scheme: string | undefined
  forwarded: string | undefined
  forwardedFor: string | undefined
  forwardedProto: string | undefined
  forwardedHost: string | undefined
  traceparent: string | undefined
  tracestate: string | undefined
  baggage: string | undefined
  /** Whether one of the last three was there twice: how they are put together is for Node to say. */
  isRepeated = false
}

/**
 * Picks headers out of the list of names and values as it came over the wire. Asking a request of Node for its headers
 * makes an object of them all, which a handler may never need.
 */
export function readHeaders(rawHeaders: readonly string[]): RequestHeaders {
  const headers = new RequestHeaders()
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!
    // Of thousands of possible names few have these lengths.
    switch (name.length) {
      case 4:
      case 7:
      case 9:
      case 10:
      case 11:
      case 15:
      case 16:
      case 17:
        readHeader(headers, name, rawHeaders[at + 1]!)
    }
  }
  return headers
}

function readHeader(headers: RequestHeaders, name: string, value: string): void {
  switch (name.toLowerCase()) {
    case 'host':
    case ':authority':
      headers.host ??= value
      break
    case ':scheme':
      headers.scheme ??= value
      break
    case 'user-agent':
      headers.userAgent ??= value
      break
    case 'forwarded':
      headers.forwarded ??= value
      break
    case 'x-forwarded-for':
      headers.forwardedFor ??= value
      break
    case 'x-forwarded-host':
      headers.forwardedHost ??= value
      break
    case 'x-forwarded-proto':
      headers.forwardedProto ??= value
      break
    case 'traceparent':
    case 'tracestate':
    case 'baggage': {
      const field = name.toLowerCase() as 'traceparent' | 'tracestate' | 'baggage'
      if (headers[field] !== undefined) headers.isRepeated = true
      headers[field] = value
    }
  }
}

/** The client a proxy says it speaks for; undefined if none does. */
export function forwardedClient(headers: RequestHeaders): string | undefined {
  return forwardedPart(headers.forwarded, 'for') ?? firstOf(headers.forwardedFor)
}

/** The scheme the client used, as a proxy tells. */
export function forwardedScheme(headers: RequestHeaders): string | undefined {
  const scheme = forwardedPart(headers.forwarded, 'proto') ?? firstOf(headers.forwardedProto)
  // It becomes an attribute of a metric: nobody can make up values.
  return scheme === 'http' || scheme === 'https' ? scheme : undefined
}

/** The host the client asked for, as a proxy tells. */
export function forwardedHost(headers: RequestHeaders): string | undefined {
  return forwardedPart(headers.forwarded, 'host') ?? firstOf(headers.forwardedHost)
}

/** A parameter of the first element of a `Forwarded` header (RFC 7239). */
function forwardedPart(header: string | undefined, part: 'for' | 'proto' | 'host') {
  if (header === undefined) return undefined
  const [, quoted, plain] = FORWARDED[part].exec(header.split(',', 1)[0]!) ?? []
  return quoted ?? plain
}

const FORWARDED = {
  for: /(?:^|;)\s*for=(?:"([^"]*)"|([^;\s]*))/i,
  proto: /(?:^|;)\s*proto=(?:"([^"]*)"|([^;\s]*))/i,
  host: /(?:^|;)\s*host=(?:"([^"]*)"|([^;\s]*))/i,
}

function firstOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  const comma = header.indexOf(',')
  return (comma < 0 ? header : header.slice(0, comma)).trim() || undefined
}
