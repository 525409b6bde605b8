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
    load({ ...doors, SIDELIGHT_READ_TOKEN: OTHER }, `tokens: [{ token: ${TOKEN}, scope: ingest }]`)
    for (const host of ['localhost', '127.8.9.1', '[::1]', '[::ffff:127.0.0.1]']) {
      load({ SIDELIGHT_OTLP_HTTP_ADDR: `${host}:4318` })
    }
    for (const host of ['', 'sidelight', '10.0.0.1', '[fe80::1]', '127.example.com']) {
      t.equal(faultsOf({ SIDELIGHT_OTLP_HTTP_ADDR: `${host}:4318` }).length, 1, `${host}:4318`)
    }
  },
)

t.test('two doors cannot share a port', async (t) => {
  const same = { SIDELIGHT_OTLP_HTTP_ADDR: '127.0.0.1:4000', SIDELIGHT_API_ADDR: '127.0.0.1:4000' }
  t.match(faultsOf(same), [{ key: 'SIDELIGHT_API_ADDR', problem: /SIDELIGHT_OTLP_HTTP_ADDR/ }])
  load({ SIDELIGHT_OTLP_HTTP_ADDR: '127.0.0.1:0', SIDELIGHT_API_ADDR: '127.0.0.1:0' })
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
