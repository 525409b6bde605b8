import t from 'tap'
import { ConfigError, describeConfig, loadConfig } from '../collector/config'
import { KEYS } from '../collector/config/keys'
import { faultsOf, load, OTHER, TOKEN } from './config/loading'

t.test('an empty environment gives the defaults', async (t) => {
  const config = load({})
  t.match(config, {
    otlpHttpAddress: { host: '127.0.0.1', port: 4318 },
    otlpGrpcAddress: { host: '127.0.0.1', port: 4317 },
    otlpTlsCertFile: null,
    otlpTlsKeyFile: null,
    otlpTlsClientCaFile: null,
    otlpCorsOrigins: [],
    otlpCorsHeaders: [],
    apiAddress: { host: '127.0.0.1', port: 4319 },
    databaseUrl: null,
    dataDir: '/srv/.sidelight',
    explicitDataDir: false,
    tokens: [],
    roles: ['ingest', 'api', 'leader'],
    migrate: 'auto',
    logLevel: 'info',
    retentionDays: 30,
    retentionTracesDays: null,
    retentionMaxBytes: null,
    tenantAttributes: ['tenant.id'],
    maxBodyBytes: 67_108_864,
    maxResponseBytes: 4_194_304,
    admissionBytes: 134_217_728,
    embeddedMaxSizeBytes: 10_737_418_240,
    databaseConnections: null,
    shutdownTimeoutMs: 10_000,
    configFile: null,
    warnings: [],
  })
})

t.test('every default is one its own type accepts', async (t) => {
  for (const key of Object.values(KEYS)) {
    const text = key.type.format(key.fallback as never)
    if (text !== '') t.same(key.type.parse(text), key.fallback, key.env)
  }
})

t.test('an empty variable counts as not set', async (t) => {
  const config = load({ LOG_LEVEL: '', DATABASE_URL: ' ', SIDELIGHT_ADMIN_TOKEN: '' })
  t.equal(config.logLevel, 'info')
  t.equal(config.databaseUrl, null)
  t.same(config.tokens, [])
})

t.test('values are read in every form that is allowed', async (t) => {
  const config = load({
    SIDELIGHT_OTLP_HTTP_ADDR: '[::1]:0',
    SIDELIGHT_API_ADDR: ':8080',
    SIDELIGHT_OTLP_CORS_ORIGINS:
      'https://App.example.com, http://localhost:*,https://*.example.org',
    SIDELIGHT_OTLP_CORS_HEADERS: 'X-Tenant',
    SIDELIGHT_READ_TOKEN: `${TOKEN}, ${OTHER},${TOKEN}`,
    SIDELIGHT_ROLES: 'api, Leader,api',
    SIDELIGHT_MAX_BODY_BYTES: '1.5MiB',
    SIDELIGHT_ADMISSION_BYTES: '64 MB',
    SIDELIGHT_MAX_RESPONSE_BYTES: '2048',
    SIDELIGHT_DATA_DIR: '/var/lib/sidelight',
  })
  t.same(config.otlpHttpAddress, { host: '::1', port: 0 })
  const origins = ['https://app.example.com', 'http://localhost:*', 'https://*.example.org']
  t.same(config.otlpCorsOrigins, origins)
  t.same(config.otlpCorsHeaders, ['x-tenant'])
  t.same(config.apiAddress, { host: '0.0.0.0', port: 8080 })
  t.same(config.readTokens, [TOKEN, OTHER])
  t.same(config.roles, ['api', 'leader'])
  t.equal(config.maxBodyBytes, 1_572_864)
  t.equal(config.admissionBytes, 64_000_000)
  t.equal(config.maxResponseBytes, 2048)
  t.equal(config.dataDir, '/var/lib/sidelight')
  t.ok(config.explicitDataDir)
})

const REFUSED: [name: string, value: string, problem: RegExp][] = [
  ['SIDELIGHT_OTLP_HTTP_ADDR', '4318', /not an address and a port/],
  ['SIDELIGHT_OTLP_HTTP_ADDR', '::1', /brackets and a port/],
  ['SIDELIGHT_OTLP_HTTP_ADDR', '[localhost]:1', /no IPv6 address between/],
  ['SIDELIGHT_OTLP_HTTP_ADDR', '127.0.0.1:70000', /0 to 65535/],
  ['SIDELIGHT_OTLP_HTTP_ADDR', '127.0.0.1:', /0 to 65535/],
  ['SIDELIGHT_OTLP_HTTP_ADDR', '127.0.0.256:1', /neither a name nor an IPv4/],
  ['SIDELIGHT_OTLP_HTTP_ADDR', 'http://127.0.0.1:4318', /not an address|0 to 65535/],
  ['SIDELIGHT_OTLP_CORS_ORIGINS', 'app.example.com', /"app.example.com" is none/],
  ['SIDELIGHT_OTLP_CORS_ORIGINS', 'https://a.example.com/', /is none/],
  ['SIDELIGHT_OTLP_CORS_ORIGINS', '*,,https://a.example.com', /entry 2 of 3 is empty/],
  ['SIDELIGHT_OTLP_CORS_HEADERS', 'x-tenant,a b', /"a b" is none/],
  ['DATABASE_URL', 'mysql://host/db', /does not begin with postgres/],
  ['DATABASE_URL', 'host=localhost dbname=x', /does not begin with postgres/],
  ['DATABASE_URL', 'postgres://a:1,b:2/db', /several hosts/],
  ['DATABASE_URL', 'postgres://u:p#w@host:x/db', /percent-encoded/],
  ['SIDELIGHT_DATABASE_CONNECTIONS', '0', /too small/],
  ['SIDELIGHT_DATABASE_CONNECTIONS', '3', /the roles .* need 4/],
  ['SIDELIGHT_DATABASE_CONNECTIONS', '7.5', /not a whole number/],
  ['SIDELIGHT_RETENTION_DAYS', '30d', /not a whole number/],
  ['SIDELIGHT_RETENTION_DAYS', '4000', /too large/],
  ['SIDELIGHT_MIGRATE', 'on', /"on" is unknown/],
  ['LOG_LEVEL', 'verbose', /"verbose" is unknown/],
  ['SIDELIGHT_ROLES', 'ingest,writer', /"writer" is unknown/],
  ['SIDELIGHT_ROLES', 'ingest,,api', /entry 2 of 3 is empty/],
  ['SIDELIGHT_MAX_BODY_BYTES', '64 MBit', /not a number of bytes/],
  ['SIDELIGHT_MAX_BODY_BYTES', '-1', /not a number of bytes/],
  ['SIDELIGHT_MAX_BODY_BYTES', '100.5', /not a whole number of bytes/],
  ['SIDELIGHT_MAX_BODY_BYTES', '10', /too small/],
  ['SIDELIGHT_MAX_BODY_BYTES', '2GiB', /too large/],
  ['SIDELIGHT_ADMISSION_BYTES', '100MiB', /could never be admitted/],
  ['SIDELIGHT_ADMIN_TOKEN', 'hunter2', /token 1 of 1 has only 7 characters/],
  ['SIDELIGHT_ADMIN_TOKEN', `${TOKEN},with a space in it`, /token 2 of 2 .* bearer/],
  ['SIDELIGHT_CONFIG', 'missing.yaml', /cannot be read/],
]

t.test('a bad value is refused with its key and what is allowed', async (t) => {
  for (const [name, value, problem] of REFUSED) {
    const options = { cwd: '/nowhere' }
    try {
      loadConfig({ [name]: value }, options)
      t.fail(`${name}=${value} was accepted`)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      t.equal(error.faults.length, 1, `${name}=${value} is one fault`)
      t.match(error.faults[0], { key: name, problem, place: null })
      t.match(error.message, name)
    }
  }
})

t.test('one error lists every fault of the environment and of the file', async (t) => {
  const env = {
    LOG_LEVEL: 'loud',
    SIDELIGHT_RETENTION_DAYS: 'long',
    SIDELIGHT_ADMIN_TOKEN: 'short',
  }
  const faults = faultsOf(env, 'api: { addr: nowhere }\nlimits:\n  max_body_bytes: soon\n')
  t.strictSame(
    faults.map(({ key, value, place }) => [key, value, place]),
    [
      ['api.addr', 'nowhere', 'sidelight.yaml:1'],
      ['SIDELIGHT_ADMIN_TOKEN', '***', null],
      ['SIDELIGHT_RETENTION_DAYS', 'long', null],
      ['limits.max_body_bytes', 'soon', 'sidelight.yaml:3'],
      ['LOG_LEVEL', 'loud', null],
    ],
  )
  t.match(
    new ConfigError(faults).message,
    /5 faults\n  sidelight\.yaml:1 api\.addr=nowhere: .*; allowed: host:port/,
  )
})

t.test('the environment wins over the file, and the source of each setting is known', async (t) => {
  const yaml = `
otlp: { http_addr: 127.0.0.1:5318 }
database: { url: postgres://app:secret@db/app, connections: 7, migrate: off }
data_dir: state
roles: [ingest, api]
tenant_attributes: [org.id, tenant]
retention: { days: 7 }
limits: { max_body_bytes: 8MiB, admission_bytes: 33554432 }
log_level: warn
`
  const config = load({ SIDELIGHT_RETENTION_DAYS: '14' }, yaml)
  t.match(config, {
    otlpHttpAddress: { port: 5318 },
    databaseUrl: 'postgres://app:secret@db/app',
    databaseConnections: 7,
    migrate: 'off',
    dataDir: '/srv/state',
    explicitDataDir: true,
    roles: ['ingest', 'api'],
    tenantAttributes: ['org.id', 'tenant'],
    retentionDays: 14,
    maxBodyBytes: 8_388_608,
    admissionBytes: 33_554_432,
    logLevel: 'warn',
    configFile: '/srv/sidelight.yaml',
  })
  t.equal(config.texts.get('retentionDays')?.source, 'environment')
  t.match(config.texts.get('logLevel'), { source: 'file', place: 'sidelight.yaml:9' })
  t.equal(config.texts.get('apiAddress')?.source, 'default')
})

t.test('a database comes from PG* variables when there is no DATABASE_URL', async (t) => {
  const urlOf = (env: NodeJS.ProcessEnv) => load(env).databaseUrl
  t.equal(urlOf({ PGUSER: 'me', PGPORT: '5433' }), null)
  t.equal(urlOf({ PGDATABASE: 'app' }), 'postgresql://localhost/app')
  t.equal(
    urlOf({ PGHOST: 'db', PGPORT: '5433', PGUSER: 'a@b', PGPASSWORD: 'p:/#', PGDATABASE: 'app' }),
    'postgresql://a%40b:p%3A%2F%23@db:5433/app',
  )
  t.equal(
    urlOf({ PGHOST: '/run/postgresql', PGPORT: '5433', PGUSER: 'me' }),
    'postgresql://me@/?host=%2Frun%2Fpostgresql&port=5433',
  )
  t.equal(urlOf({ PGHOST: 'db', DATABASE_URL: 'postgres://other/x' }), 'postgres://other/x')
  t.match(faultsOf({ PGHOST: 'a,b' }), [{ key: 'PGHOST', problem: /several hosts/ }])
})

t.test('a misspelt variable is a fault that names the one meant', async (t) => {
  t.match(faultsOf({ SIDELIGHT_RETENTION_DAY: '3', SIDELIGHT_WHATEVER_ELSE_THIS_IS: '1' }), [
    { key: 'SIDELIGHT_RETENTION_DAY', problem: /did you mean SIDELIGHT_RETENTION_DAYS\?/ },
    { key: 'SIDELIGHT_WHATEVER_ELSE_THIS_IS', problem: /^there is no such variable$/ },
  ])
  t.match(faultsOf({ SIDELIGHT_PORT: '8080' }), [{ key: 'SIDELIGHT_PORT' }])
})

t.test('variables Kubernetes injects for a Service are passed over', async () => {
  const address = 'tcp://10.0.0.1:4318'
  load({
    SIDELIGHT_SERVICE_HOST: '10.0.0.1',
    SIDELIGHT_SERVICE_PORT: '4318',
    SIDELIGHT_SERVICE_PORT_OTLP_HTTP: '4318',
    SIDELIGHT_PORT: address,
    SIDELIGHT_PORT_4318_TCP: address,
    SIDELIGHT_PORT_4318_TCP_PROTO: 'tcp',
    SIDELIGHT_PORT_4318_TCP_PORT: '4318',
    SIDELIGHT_PORT_4318_TCP_ADDR: '10.0.0.1',
    SIDELIGHT_POSTGRES_SERVICE_HOST: '10.0.0.2',
    SIDELIGHT_POSTGRES_PORT: 'tcp://10.0.0.2:5432',
  })
})

t.test('tokens of the environment and the file come together, with scope and tenant', async (t) => {
  const config = load(
    { SIDELIGHT_ADMIN_TOKEN: TOKEN },
    `tokens:\n  - { token: ${OTHER}, scope: read, tenant: acme }\n`,
  )
  t.strictSame(config.tokens, [
    { token: TOKEN, scope: 'admin', tenant: null },
    { token: OTHER, scope: 'read', tenant: 'acme' },
  ])
})

t.test('the description shows every setting and its source, and no secret', async (t) => {
  const config = load(
    {
      DATABASE_URL: 'postgres://app:hidden-1@db:5432/app?sslmode=require&sslpassword=hidden-2',
      SIDELIGHT_ADMIN_TOKEN: `${TOKEN},${OTHER}`,
    },
    'log_level: debug\ntokens:\n  - { token: hidden-3-hidden-3-hidden, scope: ingest, tenant: acme }\n',
  )
  const description = describeConfig(config).join('\n')
  for (const { env } of Object.values(KEYS)) t.match(description, `${env}=`)
  t.match(
    description,
    'DATABASE_URL=postgres://app:***@db:5432/app?sslmode=require&sslpassword=***',
  )
  t.match(description, /SIDELIGHT_ADMIN_TOKEN=\*\*\* +# environment/)
  t.match(description, /LOG_LEVEL=debug +# file, sidelight\.yaml:1/)
  t.match(description, /SIDELIGHT_READ_TOKEN= +# not set/)
  t.match(description, '2 admin, 0 read, 1 ingest (1 bound to a tenant)')
  t.notMatch(description, /hidden/)
  t.notMatch(description, TOKEN)
})

t.test('no fault shows a secret', async (t) => {
  const secrets = [
    { DATABASE_URL: 'postgres://app:hidden@db:port/app' },
    { DATABASE_URL: 'postgres://app:hidden@a,b/app' },
    { DATABASE_URL: 'mysql://app:hidden@db/app' },
    { DATABASE_URL: 'user=app password=hidden' },
    { PGHOST: 'a,b', PGPASSWORD: 'hidden' },
    { SIDELIGHT_INGEST_TOKEN: 'hidden' },
    { SIDELIGHT_INGEST_TOKEN: 'hidden but long enough' },
  ]
  for (const env of secrets) t.notMatch(new ConfigError(faultsOf(env)).message, /hidden/)
  const yaml =
    'tokens:\n  - { token: hidden, scope: admin }\n  - { token: [hidden], scope: admin }\n'
  t.notMatch(new ConfigError(faultsOf({}, yaml)).message, /hidden/)
})

t.test(
  'the secret of schedulers is shown to nobody, and passed over where it is none',
  async (t) => {
    const config = load({ CRON_SECRET: `${TOKEN},${OTHER}` })
    t.strictSame(config.cronSecrets, [TOKEN, OTHER])
    t.notMatch(describeConfig(config).join('\n'), TOKEN)
    t.strictSame(load({}).cronSecrets, [])
    // A platform may have set it for something else.
    for (const secret of ['short', 'not a bearer token at all']) {
      const { cronSecrets, warnings } = load({ CRON_SECRET: secret })
      t.strictSame(cronSecrets, [])
      t.match(warnings, [/^CRON_SECRET is ignored: token 1 of 1 has/])
      t.notMatch(warnings.join(), secret)
    }
  },
)
