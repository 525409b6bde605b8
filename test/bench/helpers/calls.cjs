/**
 * The calls that are measured: a line a helper of `sidelight`, by its name, as a function that calls it once. What is made
 * before the calls stands above the table; `span` is live.
 */
'use strict'

exports.callsOf = (sidelight, span) => {
  const nothing = () => 42
  const error = new Error('declined')
  const metadata = { userId: 'u-17', items: 3, region: 'eu-west-1' }
  return {
    traceOperation: () => sidelight.traceOperation('price order', 'checkout', nothing),
    traceDatabaseQuery: () => sidelight.traceDatabaseQuery('SELECT', 'orders', nothing),
    traceExternalCall: () => sidelight.traceExternalCall('rates', '/v1/rates', 'GET', nothing),
    addSpanEvent: () => sidelight.addSpanEvent(span, 'authorised', metadata),
    addSpanTag: () => sidelight.addSpanTag(span, 'items', 3),
    withPerformanceTracking: () =>
      sidelight.withPerformanceTracking('total', 'billing', nothing, metadata),
    trackDatabaseQuery: () => sidelight.trackDatabaseQuery('SELECT', 'orders', nothing),
    trackQuery: () => sidelight.trackQuery('openOrders', nothing),
    trackExternalApiCall: () => sidelight.trackExternalApiCall('stripe', 'charges', nothing),
    measurePerformance: () => sidelight.measurePerformance('sum', nothing),
    trackError: () => sidelight.trackError(error, { module: 'payments', operation: 'charge' }),
    trackErrorFromException: () =>
      sidelight.trackErrorFromException(error, 'payments', 'charge', metadata),
    trackJob: () => sidelight.trackJob('send newsletter', nothing),
    trackCache: () => sidelight.trackCache('prices', 'hit'),
    trackQueue: () => sidelight.trackQueue('mails', { depth: 3, processed: 1 }),
  }
}
