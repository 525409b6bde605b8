import { type Attributes, SpanKind } from '@opentelemetry/api'
import { ATTRIBUTE } from './attributes'
import { type OperationSpan, runOperation } from './operation'
import { runInSpan, textOf } from './span'
import { isPerformanceTracked } from './switches'

/**
 * Runs `fn`, a call of another service, in a client span with the service and its API: a path (`/v1/charges`) or a method
 * (`charges.create`). Its result and errors are passed on unchanged. With `PERF_METRICS_ENABLED=false` it only runs `fn`.
 *
 * @example
 * import { trackExternalApiCall } from 'sidelight'
 *
 * const charge = await trackExternalApiCall('stripe', 'charges.create', async () => ({ paid: true }))
 * console.log(charge.paid) // prints true
 */
export function trackExternalApiCall<T>(service: string, api: string, fn: () => T): T {
  if (!isPerformanceTracked()) return fn()
  const called = pathOf(api)
  const attributes = {
    [ATTRIBUTE.peerService]: service,
    [called.startsWith('/') ? ATTRIBUTE.urlTemplate : ATTRIBUTE.rpcMethod]: called,
  }
  return runInSpan(`${textOf(service)} ${called}`, { kind: SpanKind.CLIENT, attributes }, () =>
    fn(),
  )
}

/**
 * Runs `fn`, an HTTP call of another service, in a client span with service, path and method; `fn` is given the span. Give
 * the path without what varies (`/users/:id`): it names the operation. A query is left out.
 *
 * @example
 * import { traceExternalCall } from 'sidelight'
 *
 * const rate = await traceExternalCall('rates', '/v1/rates/:day', 'GET', async (span) => {
 *   console.log(span.spanId.length) // prints 16
 *   return 1.08
 * })
 * console.log(rate) // prints 1.08
 */
export function traceExternalCall<T>(
  service: string,
  path: string,
  method: string,
  fn: (span: OperationSpan) => T,
): T {
  const template = pathOf(path)
  const attributes: Attributes = {
    [ATTRIBUTE.peerService]: service,
    [ATTRIBUTE.urlTemplate]: template,
    [ATTRIBUTE.httpMethod]: method,
  }
  return runOperation(`${textOf(method)} ${template}`, SpanKind.CLIENT, attributes, fn)
}

/** Queries hold secrets, and are different each time. */
function pathOf(api: unknown): string {
  const path = textOf(api)
  const end = path.search(/[?#]/)
  return end === -1 ? path : path.slice(0, end)
}
