import { propertyOf } from './argument'
import type { RequestContext } from './context'
import { answerHeaders, type Correlation } from './correlation'

export function pathOf(url: string): string {
  try {
    return new URL(url).pathname
  } catch {
    return url.split('?', 1)[0]!
  }
}

/** What is no response is its server's to refuse. */
export function statusIn(response: Response | undefined): number {
  return response?.status ?? 500
}

/** Of some responses the headers cannot be changed. What is no response stays as it is. */
export function withHeaders(
  response: Response,
  context: RequestContext | undefined,
  correlation: Correlation,
): Response {
  if (context === undefined || propertyOf(response, 'headers') === undefined) return response
  const headers = answerHeaders(context, correlation)
  try {
    for (const [name, value] of headers) response.headers.set(name, value)
    return response
  } catch {
    return copyWith(headers, response)
  }
}

/** The response itself where there can be no copy, as of one that failed. */
function copyWith(headers: ReturnType<typeof answerHeaders>, response: Response): Response {
  try {
    const copy = new Response(response.body, response)
    for (const [name, value] of headers) copy.headers.set(name, value)
    return copy
  } catch {
    return response
  }
}
