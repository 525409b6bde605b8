import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from '../../collector/config'
import { collectors, dataFolder, freePorts, type RunningCollector } from '../helpers/collector'
import { withDatabase } from '../helpers/postgres'
import { createSqlStore } from './sql-store'
import type { Defaults, Doors, Target } from './target'

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

/** The built collector on a real Postgres, and two more on the same with small limits and behind TLS. */
export async function startSidelight(
  t: Teardown,
): Promise<Target & { readonly collector: RunningCollector }> {
  const { connectionString } = await withDatabase(t)
  const store = createSqlStore(connectionString)
  t.teardown(() => store.end())
  const { start } = collectors(t)
  const open = async (env: NodeJS.ProcessEnv, scheme = 'http') => {
    const [otlpPort = 0, apiPort = 0, grpcPort = 0] = await freePorts(3)
    const collector = await start({
      databaseUrl: connectionString,
      dataDir: dataFolder(t),
      otlpPort,
      apiPort,
      env: { SIDELIGHT_OTLP_GRPC_ADDR: `127.0.0.1:${grpcPort}`, ...env },
    })
    const doors: Doors = {
      httpUrl: `${scheme}://127.0.0.1:${otlpPort}`,
      grpcAddress: `127.0.0.1:${grpcPort}`,
    }
    return { collector, doors }
  }
  const [plain, limited, secured] = await Promise.all([
    open({}),
    open({
      SIDELIGHT_MAX_BODY_BYTES: String(LIMITS.maxBodyBytes),
      SIDELIGHT_MAX_RESPONSE_BYTES: String(LIMITS.maxResponseBytes),
      SIDELIGHT_ADMISSION_BYTES: String(ADMISSION_BYTES),
    }),
    open(
      {
        SIDELIGHT_OTLP_TLS_CERT_FILE: join(CERTIFICATES, 'cert.pem'),
        SIDELIGHT_OTLP_TLS_KEY_FILE: join(CERTIFICATES, 'key.pem'),
        SIDELIGHT_OTLP_CORS_ORIGINS: ORIGIN,
        SIDELIGHT_INGEST_TOKEN: TOKEN,
      },
      'https',
    ),
  ])
  return {
    ...plain.doors,
    collector: plain.collector,
    store,
    settleMs: SETTLE_MS,
    defaults: readDefaults(),
    limited: { ...limited.doors, ...LIMITS },
    secured: {
      ...secured.doors,
      authority: readFileSync(join(CERTIFICATES, 'cert.pem'), 'utf8'),
      token: TOKEN,
      origin: ORIGIN,
    },
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
