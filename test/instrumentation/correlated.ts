import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Test } from 'tap'
import { withDatabase } from '../helpers/postgres'
import { until } from '../helpers/until'
import { BOOTSTRAP, launch, ROOT } from './application'
import { type Receiver, startReceiver } from './receiver'
import { type Kind, lay } from './served'

const PACKAGES = {
  express: { express: 'express' },
  fastify: { fastify: 'fastify' },
  koa: { Koa: 'koa' },
  http: {},
} as const
type Framework = keyof typeof PACKAGES
export const FRAMEWORKS = Object.keys(PACKAGES) as Framework[]

export type Body = Readonly<Record<string, unknown>>

export interface ServiceOptions {
  readonly framework: Framework
  readonly libraries: 'current' | 'older'
  readonly kind?: Kind
  readonly isTraced?: boolean
  readonly correlation?: object
  readonly env?: NodeJS.ProcessEnv
}

export interface Service {
  ask(path: string, asked: Asked): Promise<Answered>
  /** Ends it, after which everything has been received. */
  end(): Promise<void>
  /** What it logged. */
  lines(): Body[]
  stderr(): string
  readonly receiver: Receiver
  readonly port: number
}

interface Asked {
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

/** Starts a service that calls one which answers with the headers it was given. */
export async function startService(t: Test, options: ServiceOptions): Promise<Service> {
  const { framework, libraries, kind = 'cjs', isTraced = true, correlation = {} } = options
  const { connectionString } = await withDatabase(t, { migrated: false })
  const receiver = await startReceiver(t)
  const other = createServer((request, response) => {
    response.end(JSON.stringify(request.headers))
  })
  await once(other.listen(0, '127.0.0.1'), 'listening')
  t.teardown(async () => {
    other.closeAllConnections()
    await once(other.close(), 'close')
  })
  const packages = {
    ...PACKAGES[framework],
    sidelight: join(ROOT, 'dist', 'instrumentation', 'index.js'),
    pino: 'pino',
    pg: 'pg',
  }
  const running = launch(t, lay(t, { routes: 'correlated.cjs', packages, libraries, kind }), {
    flags: isTraced ? ['--require', BOOTSTRAP] : [],
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_SERVICE_NAME: 'shop',
      NODE_ENV: 'production',
      APP_DATABASE_URL: connectionString,
      OTHER_URL: `http://127.0.0.1:${(other.address() as AddressInfo).port}`,
      FRAMEWORK: framework,
      CORRELATION: JSON.stringify(correlation),
      ...options.env,
    },
  })
  const port = await until(() => running.stdout().match(/^\d+$/m)?.[0], 60_000, 'its port')
  let stderr = ''
  return {
    receiver,
    port: Number(port),
    stderr: () => stderr,
    async ask(path, { headers, body }) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        signal: AbortSignal.timeout(60_000),
        headers: {
          ...headers,
          ...(body === undefined ? {} : { 'content-type': 'application/octet-stream' }),
        },
        ...(body === undefined ? {} : { method: 'POST', body }),
      })
      const text = await response.text()
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: response.ok ? (JSON.parse(text) as unknown) : text,
      }
    },
    async end() {
      running.child.kill('SIGTERM')
      const ended = await running.ended
      stderr = ended.stderr
      t.equal(ended.code, 0, ended.stderr)
    },
    lines: () =>
      running
        .stdout()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Body),
  }
}
