import { connectionUrl } from './database'
import { ERROR_KEYS } from './errors'
import { HANDOVER_KEYS } from './handover'
import { HEALTH_KEYS, SLO_KEYS } from './health'
import { HOST_KEYS } from './host'
import { declare, GIB, type Key, MIB } from './key'
import { LIMIT_KEYS } from './limits'
import { OTLP_KEYS } from './otlp'
import { tokens } from './token'
import { address, bytes, choice, choices, names, optional, text, wholeNumber } from './value'

export const ROLES = ['ingest', 'api', 'leader'] as const
/** What a collector does: takes telemetry in, answers questions, does the work only one collector of a database may do. */
export type Role = (typeof ROLES)[number]

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Every setting by the name it has in `Config`, in the order it is shown. */
export const KEYS = {
  configFile: declare({
    env: 'SIDELIGHT_CONFIG',
    path: null,
    type: optional<string>(text('the path of a YAML file')),
    fallback: null,
    description: 'Configuration file. The environment wins over it',
  }),
  ...OTLP_KEYS,
  apiAddress: declare({
    env: 'SIDELIGHT_API_ADDR',
    path: 'api.addr',
    type: address(),
    fallback: { host: '127.0.0.1', port: 4319 },
    description:
      'Where the query API, `/metrics` and `/health` answer. Anything but loopback needs an admin or read token',
  }),
  maxTraceSpans: declare({
    env: 'SIDELIGHT_MAX_TRACE_SPANS',
    path: 'api.max_trace_spans',
    type: wholeNumber(1, 1_000_000),
    fallback: 10_000,
    unit: 'spans',
    description:
      'The most spans, and the most log records, in the answer about one trace or correlation id, the earliest ones; a longer one is answered with `truncated: true`',
  }),
  databaseUrl: declare({
    env: 'DATABASE_URL',
    path: 'database.url',
    type: optional<string>(connectionUrl()),
    fallback: null,
    isSecret: true,
    description:
      'The Postgres to use, version 15 or later. Without it `PGHOST` or `PGDATABASE`, with the other `PG*` variables, name one; without those the collector runs a Postgres of its own',
  }),
  databaseConnections: declare({
    env: 'SIDELIGHT_DATABASE_CONNECTIONS',
    path: 'database.connections',
    type: optional<number>(wholeNumber(1, 100)),
    fallback: null,
    unit: 'connections',
    description:
      "The most connections the collector opens to Postgres. Not set: the fewest that its roles work with, 2 for `ingest` and 1 each for `api` and `leader`, 2 for a `leader` alone, and 9 to the collector's own Postgres",
  }),
  migrate: declare<'auto' | 'off'>({
    env: 'SIDELIGHT_MIGRATE',
    path: 'database.migrate',
    type: choice('auto', 'off'),
    fallback: 'auto',
    description:
      '`auto` brings the schema up to date at the start; `off` leaves that to `sidelight migrate`',
  }),
  dataDir: declare({
    env: 'SIDELIGHT_DATA_DIR',
    path: 'data_dir',
    type: text('the path of a folder'),
    fallback: './.sidelight',
    description:
      "The folder of the collector's own Postgres, of the spool and of the generated admin token; a relative path counts from the working folder",
  }),
  embeddedMaxSizeBytes: declare({
    env: 'SIDELIGHT_EMBEDDED_MAX_SIZE_BYTES',
    path: 'limits.embedded_max_size_bytes',
    type: bytes(256 * MIB, 64 * 1024 * GIB),
    fallback: 10 * GIB,
    unit: 'bytes',
    description:
      "The size cap of the collector's own Postgres; while it is larger, export requests are answered 503",
  }),
  spoolMaxBytes: declare({
    env: 'SIDELIGHT_SPOOL_MAX_BYTES',
    path: 'spool.max_bytes',
    type: bytes(16 * MIB, 64 * GIB),
    fallback: GIB,
    unit: 'bytes',
    description:
      'What the spool may take on disk: acknowledged requests that Postgres has not taken yet. When it is full, requests are answered 503',
  }),
  spoolMaxAgeHours: declare({
    env: 'SIDELIGHT_SPOOL_MAX_AGE_HOURS',
    path: 'spool.max_age_hours',
    type: wholeNumber(1, 24),
    fallback: 24,
    unit: 'hours',
    description:
      'While a request waits in the spool for longer than this, the spool takes no more, for it could not promise to store it once',
  }),
  ...HANDOVER_KEYS,
  adminTokens: declare({
    env: 'SIDELIGHT_ADMIN_TOKEN',
    path: null,
    type: tokens(),
    fallback: [],
    isSecret: true,
    description:
      'Bearer tokens that may do everything. With none, one is generated and kept in the data folder',
  }),
  readTokens: declare({
    env: 'SIDELIGHT_READ_TOKEN',
    path: null,
    type: tokens(),
    fallback: [],
    isSecret: true,
    description: 'Bearer tokens that may read, except what is under `/api/admin/`',
  }),
  ingestTokens: declare({
    env: 'SIDELIGHT_INGEST_TOKEN',
    path: null,
    type: tokens(),
    fallback: [],
    isSecret: true,
    description: 'Bearer tokens that may send telemetry. With none, the loopback door is open',
  }),
  cronSecrets: declare({
    env: 'CRON_SECRET',
    path: null,
    type: tokens(),
    fallback: [],
    isSecret: true,
    // Platforms set it for whatever runs there.
    isShared: true,
    description:
      'Bearer tokens of schedulers, which open `/api/cron/refresh-monitoring-views` and nothing else',
  }),
  roles: declare<readonly Role[]>({
    env: 'SIDELIGHT_ROLES',
    path: 'roles',
    type: choices(...ROLES),
    fallback: ROLES,
    description:
      '`ingest` opens the OTLP door, `api` the query API, `leader` stands for the leader, of which a database has one: it drops old telemetry and keeps the partitions',
  }),
  retentionDays: declare({
    env: 'SIDELIGHT_RETENTION_DAYS',
    path: 'retention.days',
    type: wholeNumber(1, 3650),
    fallback: 30,
    unit: 'days',
    description:
      'How old telemetry may be: what is older is rejected, and a stored day is dropped when all of it has been for a day',
  }),
  retentionTracesDays: declare({
    env: 'SIDELIGHT_RETENTION_TRACES_DAYS',
    path: 'retention.traces_days',
    type: optional<number>(wholeNumber(1, 3650)),
    fallback: null,
    unit: 'days',
    description: 'The same for spans alone; not set: the general one',
  }),
  retentionLogsDays: declare({
    env: 'SIDELIGHT_RETENTION_LOGS_DAYS',
    path: 'retention.logs_days',
    type: optional<number>(wholeNumber(1, 3650)),
    fallback: null,
    unit: 'days',
    description: 'The same for log records alone; not set: the general one',
  }),
  retentionMetricsDays: declare({
    env: 'SIDELIGHT_RETENTION_METRICS_DAYS',
    path: 'retention.metrics_days',
    type: optional<number>(wholeNumber(1, 3650)),
    fallback: null,
    unit: 'days',
    description: 'The same for data points of metrics alone; not set: the general one',
  }),
  retentionRollupsDays: declare({
    env: 'SIDELIGHT_RETENTION_ROLLUPS_DAYS',
    path: 'retention.rollups_days',
    type: wholeNumber(1, 3650),
    fallback: 400,
    unit: 'days',
    description:
      'How long what spans add up to is kept, for health, SLAs and statistics of times whose spans are dropped already; a stored month is dropped when all of it is older',
  }),
  retentionMaxBytes: declare({
    env: 'SIDELIGHT_RETENTION_MAX_BYTES',
    path: 'retention.max_bytes',
    type: optional<number>(bytes(64 * MIB, 1024 * 1024 * GIB)),
    fallback: null,
    unit: 'bytes',
    description:
      "What all telemetry may take in the database: above it the oldest days are dropped, but never today and yesterday. Not set: no limit, and 80 % of the cap in the collector's own Postgres",
  }),
  tenantAttributes: declare<readonly string[]>({
    env: 'SIDELIGHT_TENANT_ATTRIBUTES',
    path: 'tenant_attributes',
    type: names('attribute names, separated by commas'),
    fallback: ['tenant.id'],
    description:
      'The attributes that name the tenant, the first one present counts; looked for on the span, log record or data point, then on the resource. A token bound to a tenant wins over them',
  }),
  correlationAttributes: declare<readonly string[]>({
    env: 'SIDELIGHT_CORRELATION_ATTRIBUTES',
    path: 'correlation_attributes',
    type: names('attribute names, separated by commas'),
    fallback: [
      'correlation.id',
      'correlation_id',
      'correlationId',
      'request.id',
      'request_id',
      'requestId',
      'x-correlation-id',
      'x-request-id',
      'http.request.header.x-correlation-id',
      'http.request.header.x-request-id',
    ],
    description:
      'The attributes of spans and log records whose values, strings or lists of them, are ids that `/api/v1/correlations/:id` finds',
  }),
  ...ERROR_KEYS,
  ...HEALTH_KEYS,
  ...SLO_KEYS,
  ...LIMIT_KEYS,
  ...HOST_KEYS,
  shutdownTimeoutMs: declare({
    env: 'SIDELIGHT_SHUTDOWN_TIMEOUT_MS',
    path: 'shutdown_timeout_ms',
    type: wholeNumber(0, 600_000),
    fallback: 10_000,
    unit: 'ms',
    description:
      'How long a stop may take: it stores, or keeps in the spool, what is in flight, and drains the spool',
  }),
  logLevel: declare<LogLevel>({
    env: 'LOG_LEVEL',
    path: 'log_level',
    type: choice(...LOG_LEVELS),
    fallback: 'info',
    description: "The collector's own log",
  }),
} as const

export type Settings = {
  readonly [Name in keyof typeof KEYS]: (typeof KEYS)[Name] extends Key<infer T> ? T : never
}
export type SettingName = keyof typeof KEYS
