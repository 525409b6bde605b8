import t from 'tap'
import { retentionBytesOf, retentionDaysOf } from '../../collector/config'
import { load } from './loading'

const GIB = 1024 ** 3
const DATABASE_URL = 'postgres://db/app'

t.test('a signal is kept as long as is said for it alone, else for all', (t) => {
  t.equal(retentionDaysOf(load({}), 'traces'), 30)
  t.equal(retentionDaysOf(load({ SIDELIGHT_RETENTION_DAYS: '14' }), 'traces'), 14)
  const yaml = 'retention: { days: 14, traces_days: 3 }'
  t.equal(retentionDaysOf(load({}, yaml), 'traces'), 3)
  t.end()
})

t.test('without a limit the own Postgres is kept at 80 % of its cap, another one grows', (t) => {
  const embedded = { SIDELIGHT_EMBEDDED_MAX_SIZE_BYTES: '10GiB' }
  t.equal(retentionBytesOf(load(embedded)), 8 * GIB)
  t.equal(retentionBytesOf(load({ DATABASE_URL })), null)
  const limit = { SIDELIGHT_RETENTION_MAX_BYTES: '3GiB' }
  t.equal(retentionBytesOf(load({ ...embedded, ...limit })), 3 * GIB)
  t.equal(retentionBytesOf(load({ DATABASE_URL, ...limit })), 3 * GIB)
  t.end()
})

t.test('a limit above the cap of the own Postgres is warned of', (t) => {
  const limit = { SIDELIGHT_RETENTION_MAX_BYTES: '10GiB' }
  t.match(load(limit).warnings, [/SIDELIGHT_RETENTION_MAX_BYTES has no effect/])
  t.same(load({ ...limit, DATABASE_URL }).warnings, [])
  t.end()
})
