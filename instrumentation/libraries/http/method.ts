/**
 * The methods that are told apart: those of RFC 9110, PATCH and QUERY, or the list in
 * `OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS` (semantic conventions, `http.request.method`).
 */
const KNOWN: ReadonlySet<string> = new Set(
  (
    process.env['OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS'] ??
    'CONNECT,DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT,QUERY,TRACE'
  )
    .split(',')
    .map((method) => method.trim()),
)

/** What stands for every method that is not known, so that attackers cannot make up series of metrics. */
export const OTHER = '_OTHER'

/** The method as an attribute; `OTHER` if it is none of the known ones. */
export function knownMethod(method: string): string {
  return KNOWN.has(method) ? method : OTHER
}

/** How a span is named for its method. */
export function spanNameOf(method: string): string {
  return method === OTHER ? 'HTTP' : method
}
