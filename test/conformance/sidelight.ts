import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from '../../collector/config'
import { collectors, dataFolder, freePorts, type RunningCollector } from '../helpers/collector'
import { withDatabase } from '../helpers/postgres'
import { createSqlStore } from './sql-store'
import type { Defaults, Receiver, Target } from './target'

const CERTIFICATES = join(__dirname, '..', 'fixtures', 'tls')
const KIB = 1_024
const LIMITS = { maxBodyBytes: 256 * KIB, maxResponseBytes: KIB }
/** The least there can be: twice the factor of the largest request. */
const ADMISSION_BYTES = 1_024 * KIB
const TOKEN = 'token-of-the-conformance-checks'
const ORIGIN = 'https://shop.example.com'
const SETTLE_MS = 10_000

interface Teardown {
  teardown(fn: () => void | Promise<void>): void
}

/** A receiver of ours, and its process. */
export interface Sidelight extends Receiver {
  readonly collector: RunningCollector
}

/** The built collector on a real Postgres, configured by nothing. */
export async function startSidelight(t: Teardown): Promise<Sidelight> {
  return (await openDatabase(t))()
}

/** The same, and two more on the same Postgres: with small limits, and behind TLS. */
export async function startTarget(t: Teardown): Promise<Target> {
  const start = await openDatabase(t)
  const [plain, limited, secured] = await Promise.all([
    start(),
    start({
      SIDELIGHT_MAX_BODY_BYTES: String(LIMITS.maxBodyBytes),
      SIDELIGHT_MAX_RESPONSE_BYTES: String(LIMITS.maxResponseBytes),
      SIDELIGHT_ADMISSION_BYTES: String(ADMISSION_BYTES),
    }),
    start({
      SIDELIGHT_OTLP_TLS_CERT_FILE: join(CERTIFICATES, 'cert.pem'),
      SIDELIGHT_OTLP_TLS_KEY_FILE: join(CERTIFICATES, 'key.pem'),
      SIDELIGHT_OTLP_CORS_ORIGINS: ORIGIN,
      SIDELIGHT_INGEST_TOKEN: TOKEN,
    }),
  ])
  return {
    ...plain,
    defaults: readDefaults(),
    limited: { ...limited, ...LIMITS },
    secured: {
      ...secured,
      httpUrl: secured.httpUrl.replace('http:', 'https:'),
      authority: readFileSync(join(CERTIFICATES, 'cert.pem'), 'utf8'),
      token: TOKEN,
      origin: ORIGIN,
    },
  }
}

/** A database; collectors are started on it with variables of their own. */
async function openDatabase(t: Teardown) {
  const { connectionString } = await withDatabase(t)
  const store = createSqlStore(connectionString)
  t.teardown(() => store.end())
  const { start } = collectors(t)
  return async (env: NodeJS.ProcessEnv = {}): Promise<Sidelight> => {
    const [otlpPort = 0, apiPort = 0, grpcPort = 0] = await freePorts(3)
    const collector = await start({
      databaseUrl: connectionString,
      dataDir: dataFolder(t),
      otlpPort,
      apiPort,
      otlpGrpcPort: grpcPort,
      env,
    })
    return {
      collector,
      httpUrl: `http://127.0.0.1:${otlpPort}`,
      grpcAddress: `127.0.0.1:${grpcPort}`,
      store,
      settleMs: SETTLE_MS,
    }
  }
}

/** What an empty environment means. */
function readDefaults(): Defaults {
  const { otlpHttpAddress, otlpGrpcAddress, maxBodyBytes, maxResponseBytes } = loadConfig({})
  return {
    httpHost: otlpHttpAddress.host,
    httpPort: otlpHttpAddress.port,
    grpcHost: otlpGrpcAddress.host,
    grpcPort: otlpGrpcAddress.port,
    maxBodyBytes,
    maxResponseBytes,
  }
}
