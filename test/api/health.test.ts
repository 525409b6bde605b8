import t from 'tap'
import { createProbes } from '../../collector/telemetry/probes'
import { ask } from './answer'
import { bearer, buildApi, READ } from './server'

const TIMESTAMP = '2026-03-01T12:00:00.000Z'

t.test('health and liveness answer without asking anything', async (t) => {
  const never = () => new Promise<never>(() => undefined)
  const { app } = buildApi(t, { probes: { readiness: never } })
  t.strictSame(await ask(app, '/health', '/health'), { status: 'healthy', timestamp: TIMESTAMP })
  t.strictSame(await ask(app, '/health/live', '/health/live'), { status: 'alive', alive: true })
})

t.test('a collector that can work is ready', async (t) => {
  const { app } = buildApi(t)
  t.strictSame(await ask(app, '/health/ready', '/health/ready'), {
    status: 'ready',
    ready: true,
    checks: { database: 'healthy', spool: 'healthy', disk_space: 'healthy', memory: 'healthy' },
    timestamp: TIMESTAMP,
  })
})

t.test(
  'one that cannot is answered 503 with the failing check, even if a check hangs',
  async (t) => {
    const probes = createProbes({
      database: () => new Promise<never>(() => undefined),
      spool: () => true,
      dataDir: '/',
      disk: () => Promise.resolve({ freeBytes: 1, totalBytes: 1 }),
      memory: () => Promise.resolve(0),
    })
    const { app } = buildApi(t, { probes })
    t.equal((await app.inject({ url: '/health/ready' })).statusCode, 503)
    t.strictSame(await ask(app, '/health/ready', '/health/ready'), {
      status: 'not_ready',
      ready: false,
      checks: { database: 'unhealthy', spool: 'healthy', disk_space: 'healthy', memory: 'healthy' },
      timestamp: TIMESTAMP,
    })
  },
)

t.test('metrics are Prometheus text', async (t) => {
  const { app } = buildApi(t)
  const headers = bearer(READ)
  const response = await app.inject({ url: '/metrics', headers })
  t.equal(response.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  t.equal(response.body, '# HELP up Up\nup 1\n')
  const head = await app.inject({ method: 'HEAD', url: '/metrics', headers })
  t.equal(head.statusCode, 200)
  t.equal(head.body, '')
})
