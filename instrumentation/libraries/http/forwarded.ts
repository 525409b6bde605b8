import type { IncomingHttpHeaders } from 'node:http'

/** The client a proxy says it speaks for; undefined if none does. */
export function forwardedClient(headers: IncomingHttpHeaders): string | undefined {
  return forwardedPart(headers.forwarded, 'for') ?? firstOf(headers['x-forwarded-for'])
}

/** The scheme the client used, as a proxy tells. */
export function forwardedScheme(headers: IncomingHttpHeaders): string | undefined {
  const scheme = forwardedPart(headers.forwarded, 'proto') ?? firstOf(headers['x-forwarded-proto'])
  // It becomes an attribute of a metric: nobody can make up values.
  return scheme === 'http' || scheme === 'https' ? scheme : undefined
}

/** The host the client asked for, as a proxy tells. */
export function forwardedHost(headers: IncomingHttpHeaders): string | undefined {
  return forwardedPart(headers.forwarded, 'host') ?? firstOf(headers['x-forwarded-host'])
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

/** Node puts repeated headers of these names together with commas. */
function firstOf(header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  const text = typeof header === 'string' ? header : (header[0] ?? '')
  const comma = text.indexOf(',')
  return (comma < 0 ? text : text.slice(0, comma)).trim() || undefined
}
