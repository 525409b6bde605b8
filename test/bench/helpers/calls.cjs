/**
 * The calls that are measured: a line a helper of `sidelight`, by its name, as a function that calls it once. What is made
 * before the calls stands above the table; `span` is live.
 */
'use strict'

exports.callsOf = (sidelight, span) => {
  const nothing = () => 42
  const request = { requestId: 'r-1', correlationId: 'c-1', userId: 'u-17' }
  const error = new Error('declined')
  const checkout = sidelight.businessEvent('checkout')
  const resetAt = Date.now() + 3_600_000
  let limited = 0
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
    trackWebhookDelivery: () => sidelight.trackWebhookDelivery('wh_orders', 'sent', 84.5),
    registerWebhook: () =>
      sidelight.registerWebhook({
        id: 'wh_orders',
        url: 'https://example.com/hooks',
        enabled: true,
      }),
    trackRuleExecution: () => sidelight.trackRuleExecution('rule_vip', 'success', 340, 128),
    registerRule: () =>
      sidelight.registerRule({ id: 'rule_vip', name: 'VIPs', type: 'segment', enabled: true }),
    trackAPIRequest: () =>
      sidelight.trackAPIRequest({
        method: 'GET',
        path: '/api/v1/orders/17',
        statusCode: 200,
        durationMs: 12.5,
      }),
    // One that is told of already, and one that is not.
    'trackRateLimit again': () =>
      sidelight.trackRateLimit({
        keyType: 'org',
        identifier: 'acme',
        requestCount: 5,
        limitMax: 1_000,
        resetAt,
      }),
    'trackRateLimit of a new key': () =>
      sidelight.trackRateLimit({
        keyType: 'api_key',
        identifier: `key-0123456789-${limited++}`,
        requestCount: 5,
        limitMax: 1_000,
        resetAt,
      }),
    'businessEvent started': () => checkout.started({ cartId: 'c_17' }),
    'businessEvent completed': () =>
      checkout.completed({ cartId: 'c_17', count: 3, costUsd: 0.02, currency: 'EUR' }),
    trackCost: () => sidelight.trackCost(0.0042, { userId: 'u_7', endpoint: '/v1/chat' }),
    trackUpload: () =>
      sidelight.trackUpload({
        type: 'image/png',
        sizeBytes: 48_200,
        durationMs: 130,
        source: 'web',
        success: true,
      }),
    logAuditEvent: () =>
      sidelight.logAuditEvent({
        action: 'role.grant',
        actor: 'u_7',
        target: { id: 'u_9', type: 'user' },
        changes: { role: { from: 'editor', to: 'owner' } },
      }),
    logConfigurationChange: () =>
      sidelight.logConfigurationChange({ setting: 'checkout.max_items', from: 50, to: 100 }),
    logSecurityEvent: () =>
      sidelight.logSecurityEvent({ event: 'login', outcome: 'failed', userId: 'u_7' }),
    runInContext: () => sidelight.runInContext(request, nothing),
    currentContext: () => sidelight.currentContext(),
    correlationHeaders: () => sidelight.correlationHeaders(),
  }
}
