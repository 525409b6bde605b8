import t from 'tap'
import { ADMISSION_FACTOR } from '../../collector/config/rules'
import { createAdmission } from '../../collector/receiver/admission'
import { faultsOf, load, OTHER, TOKEN } from './loading'

t.test(
  'a door that can be reached from elsewhere needs a configured token of its own',
  async (t) => {
    const doors = { SIDELIGHT_OTLP_HTTP_ADDR: '0.0.0.0:4318', SIDELIGHT_API_ADDR: '[::]:4319' }
    const faults = faultsOf(doors)
    t.match(faults, [
      { key: 'SIDELIGHT_OTLP_HTTP_ADDR', problem: /set SIDELIGHT_INGEST_TOKEN$/ },
      { key: 'SIDELIGHT_API_ADDR', problem: /set SIDELIGHT_ADMIN_TOKEN or SIDELIGHT_READ_TOKEN$/ },
    ])
    t.equal(faultsOf({ ...doors, SIDELIGHT_ADMIN_TOKEN: TOKEN }).length, 1)
    t.equal(faultsOf({ ...doors, SIDELIGHT_INGEST_TOKEN: TOKEN }).length, 1)
    load({ ...doors, SIDELIGHT_INGEST_TOKEN: TOKEN, SIDELIGHT_READ_TOKEN: OTHER })
    const grpc = { SIDELIGHT_OTLP_GRPC_ADDR: '0.0.0.0:4317' }
    t.match(faultsOf(grpc), [{ key: 'SIDELIGHT_OTLP_GRPC_ADDR', problem: /INGEST_TOKEN$/ }])
    load({ ...grpc, SIDELIGHT_INGEST_TOKEN: TOKEN })
    load({ ...doors, SIDELIGHT_READ_TOKEN: OTHER }, `tokens: [{ token: ${TOKEN}, scope: ingest }]`)
    for (const host of ['localhost', '127.8.9.1', '[::1]', '[::ffff:127.0.0.1]']) {
      load({ SIDELIGHT_OTLP_HTTP_ADDR: `${host}:4318` })
    }
    for (const host of ['', 'sidelight', '10.0.0.1', '[fe80::1]', '127.example.com']) {
      t.equal(faultsOf({ SIDELIGHT_OTLP_HTTP_ADDR: `${host}:4318` }).length, 1, `${host}:4318`)
    }
  },
)

t.test('a client CA stands in for the token of the OTLP doors, not of the API', async (t) => {
  const doors = { SIDELIGHT_OTLP_HTTP_ADDR: ':4318', SIDELIGHT_OTLP_GRPC_ADDR: ':4317' }
  const tls = { SIDELIGHT_OTLP_TLS_CERT_FILE: 'a.pem', SIDELIGHT_OTLP_TLS_KEY_FILE: 'a.key' }
  const clients = { SIDELIGHT_OTLP_TLS_CLIENT_CA_FILE: 'ca.pem' }
  t.equal(faultsOf({ ...doors, ...tls }).length, 2)
  load({ ...doors, ...tls, ...clients })
  t.match(faultsOf({ ...tls, ...clients, SIDELIGHT_API_ADDR: ':4319' }), [
    { key: 'SIDELIGHT_API_ADDR' },
  ])
})

t.test('a certificate and its key come together, and a client CA with them', async (t) => {
  const [cert, key, clientCa] = [
    'SIDELIGHT_OTLP_TLS_CERT_FILE',
    'SIDELIGHT_OTLP_TLS_KEY_FILE',
    'SIDELIGHT_OTLP_TLS_CLIENT_CA_FILE',
  ]
  t.match(faultsOf({ [cert]: 'a.pem' }), [{ key: cert, problem: /key is missing/ }])
  t.match(faultsOf({ [key]: 'a.key' }), [{ key, problem: /certificate is missing/ }])
  t.match(faultsOf({ [clientCa]: 'ca.pem' }), [{ key: clientCa, problem: /without TLS/ }])
  load({ [cert]: 'a.pem', [key]: 'a.key' })
})

t.test('two doors cannot share a port', async (t) => {
  const [http, grpc, api] = [
    'SIDELIGHT_OTLP_HTTP_ADDR',
    'SIDELIGHT_OTLP_GRPC_ADDR',
    'SIDELIGHT_API_ADDR',
  ]
  const [a, b] = ['127.0.0.1:4000', '127.0.0.1:0']
  t.match(faultsOf({ [http]: a, [api]: a }), [{ key: api, problem: new RegExp(http) }])
  t.match(faultsOf({ [http]: a, [grpc]: a }), [{ key: grpc, problem: new RegExp(http) }])
  t.match(faultsOf({ [grpc]: a, [api]: a }), [{ key: api, problem: new RegExp(grpc) }])
  t.match(faultsOf({ [http]: a, [grpc]: a, [api]: a }), [{ key: grpc }, { key: api }])
  load({ [http]: b, [grpc]: b, [api]: b })
})

t.test('one token cannot stand for two scopes or tenants', async (t) => {
  const both = { SIDELIGHT_ADMIN_TOKEN: TOKEN, SIDELIGHT_READ_TOKEN: TOKEN }
  t.match(faultsOf(both), [{ value: '***', problem: /admin and read/ }])
  const yaml = `tokens:\n  - { token: ${TOKEN}, scope: admin, tenant: acme }\n`
  t.match(faultsOf({ SIDELIGHT_ADMIN_TOKEN: TOKEN }, yaml), [{ problem: /admin of tenant acme/ }])
})

t.test('what has no effect is a warning', async (t) => {
  const { warnings } = load({
    DATABASE_URL: 'postgres://db/app',
    SIDELIGHT_EMBEDDED_MAX_SIZE_BYTES: '1GiB',
  })
  t.match(warnings, [/EMBEDDED_MAX_SIZE_BYTES has no effect/])
  const cors = load({ SIDELIGHT_OTLP_CORS_HEADERS: 'x-tenant' })
  t.match(cors.warnings, [/OTLP_CORS_HEADERS has no effect without SIDELIGHT_OTLP_CORS_ORIGINS/])
})

t.test(
  'the smallest admission allowed for a body size does admit a body of that size',
  async (t) => {
    const bodyBytes = 64 * 1024 * 1024
    const config = load({ SIDELIGHT_ADMISSION_BYTES: String(ADMISSION_FACTOR * bodyBytes) })
    t.equal(config.maxBodyBytes, bodyBytes)
    t.ok(createAdmission(config.admissionBytes).open().growTo(bodyBytes))
    t.notOk(
      createAdmission(config.admissionBytes - 1)
        .open()
        .growTo(bodyBytes),
    )
  },
)
