const SERVICES = { gateway: 'shop-gateway', orders: 'shop-orders', payments: 'shop-payments' }
/** The names of the services, as their spans say them, that of the one customers talk to, and of the one that is released. */
export const SERVICE_NAMES = Object.values(SERVICES)
export const GATEWAY = SERVICES.gateway
export const ORDERS = SERVICES.orders
export const PAYMENTS = SERVICES.payments

/** A release of the payments service: its version, and what its process is told beside. */
export const GOOD_RELEASE = { version: '1.0.0', env: {} }

/**
 * Starts the services from the innermost outwards. Resolves with their URLs, and with a way to replace the payments
 * service by another release of it.
 */
export async function openShop(services, collector, { databaseUrl, partnersUrl }) {
  const start = (name, file, env, version) =>
    services.start({
      name: SERVICES[name],
      file,
      env: { PORT: '0', ...env },
      telemetry: telemetryOf(collector, version),
    })
  const startPayments = ({ version, env }, port) =>
    start('payments', 'payments.mjs', { PORT: port, ...env }, version)
  let payments = await startPayments(GOOD_RELEASE, '0')
  const { port } = new URL(payments.url)
  const orders = await start('orders', 'orders.cjs', {
    DATABASE_URL: databaseUrl,
    PAYMENTS_URL: payments.url,
    PARTNERS_URL: partnersUrl,
  })
  const gateway = await start('gateway', 'gateway.mjs', { ORDERS_URL: orders.url })
  return {
    urls: { gateway: gateway.url, orders: orders.url, payments: payments.url },
    async releasePayments(release) {
      await payments.stop()
      payments = await startPayments(release, port)
    },
  }
}

function telemetryOf({ otlpUrl, ingestToken, config }, version) {
  const attributes = ['service.namespace=shop', 'deployment.environment.name=demo']
  // The others have that of their package.
  if (version !== undefined) attributes.push(`service.version=${version}`)
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl,
    OTEL_RESOURCE_ATTRIBUTES: attributes.join(),
    // Soon rather than seldom: somebody is looking.
    OTEL_BSP_SCHEDULE_DELAY: '500',
    ...(config.handoverDir === null ? {} : { SIDELIGHT_HANDOVER_DIR: config.handoverDir }),
    ...(ingestToken === undefined
      ? {}
      : { OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${ingestToken}` }),
  }
}
