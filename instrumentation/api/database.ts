import type { Attributes } from '@opentelemetry/api'
import { SpanKind } from '@opentelemetry/api'
import { ATTRIBUTE } from './attributes'
import { type OperationSpan, runOperation } from './operation'
import { runInSpan, textOf } from './span'
import { isPerformanceTracked } from './switches'

/**
 * Runs `fn`, a call of a database, in a client span with the operation (`SELECT`, `find`) and the table or collection, so
 * that slow ones are found. Its result and errors are passed on unchanged. With `PERF_METRICS_ENABLED=false` it only runs
 * `fn`.
 *
 * @example
 * import { trackDatabaseQuery } from 'sidelight'
 *
 * const db = { query: async (sql: string) => [{ id: 17, sql }] }
 * const orders = await trackDatabaseQuery('SELECT', 'orders', () => db.query('select * from orders'))
 * console.log(orders.length) // prints 1
 */
export function trackDatabaseQuery<T>(operation: string, table: string, fn: () => T): T {
  if (!isPerformanceTracked()) return fn()
  const attributes = describeQuery(operation, table)
  return runInSpan(nameOf(operation, table), { kind: SpanKind.CLIENT, attributes }, () => fn())
}

/**
 * As `trackDatabaseQuery`, for those who want to add to the span, which `fn` is given. It is traced whatever
 * `PERF_METRICS_ENABLED` says.
 *
 * @example
 * import { addSpanTag, traceDatabaseQuery } from 'sidelight'
 *
 * const rows = await traceDatabaseQuery('UPDATE', 'orders', async (span) => {
 *   addSpanTag(span, 'db.response.returned_rows', 2)
 *   return 2
 * })
 * console.log(rows) // prints 2
 */
export function traceDatabaseQuery<T>(
  operation: string,
  table: string,
  fn: (span: OperationSpan) => T,
): T {
  const attributes = describeQuery(operation, table)
  return runOperation(nameOf(operation, table), SpanKind.CLIENT, attributes, fn)
}

/**
 * As `trackDatabaseQuery`, for a query that is known by a name of its own rather than by its table.
 *
 * @example
 * import { trackQuery } from 'sidelight'
 *
 * const open = await trackQuery('openOrders', async () => ['o-1', 'o-2'])
 * console.log(open.join()) // prints o-1,o-2
 */
export function trackQuery<T>(name: string, fn: () => T): T {
  if (!isPerformanceTracked()) return fn()
  const attributes = { [ATTRIBUTE.dbOperation]: name }
  return runInSpan(name, { kind: SpanKind.CLIENT, attributes }, () => fn())
}

function describeQuery(operation: string, table: string): Attributes {
  return { [ATTRIBUTE.dbOperation]: operation, [ATTRIBUTE.dbTable]: table }
}

function nameOf(operation: string, table: string): string {
  return `${textOf(operation)} ${textOf(table)}`
}
