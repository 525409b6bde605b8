import t from 'tap'
import { shareConnections } from '../../collector/config/connections'
import { faultsOf, load } from './loading'

const DATABASE_URL = 'postgres://db/app'

/** In the order ingest, api, leader, lease. */
function shares(roles: string, connections: string): readonly number[] {
  const env = { SIDELIGHT_ROLES: roles, SIDELIGHT_DATABASE_CONNECTIONS: connections }
  const { ingest, api, leader, lease } = shareConnections(load({ ...env, DATABASE_URL }))
  return [ingest, api, leader, lease]
}

t.test('without a number the roles have what they need', async (t) => {
  t.same(shares('ingest', ''), [2, 0, 0, 0])
  t.same(shares('api', ''), [0, 1, 0, 0])
  t.same(shares('leader', ''), [0, 0, 1, 1], 'the lease does not wait for a duty')
  t.same(shares('api,leader', ''), [0, 1, 1, 0])
  t.same(shares('ingest,api,leader', ''), [2, 1, 1, 0])
})

t.test('to a Postgres of the collector’s own there are 9', async (t) => {
  t.same(shareConnections(load({})), { ingest: 4, api: 3, leader: 2, lease: 0 })
})

t.test('what is more goes round, and what nobody can use is not opened', async (t) => {
  const all = 'ingest,api,leader'
  t.same(shares('api', '1'), [0, 1, 0, 0], 'the fewest may be said')
  t.same(shares(all, '5'), [2, 2, 1, 0])
  t.same(shares(all, '6'), [2, 2, 2, 0])
  t.same(shares(all, '7'), [3, 2, 2, 0])
  t.same(shares(all, '9'), [4, 3, 2, 0])
  t.same(shares(all, '20'), [4, 14, 2, 0])
  t.same(shares('api,leader', '6'), [0, 4, 2, 0])
  t.same(shares('ingest', '100'), [4, 0, 0, 0])
  t.same(shares('leader', '100'), [0, 0, 2, 1])
})

t.test('fewer than the roles need are refused with the number', async (t) => {
  const three = { SIDELIGHT_DATABASE_CONNECTIONS: '3' }
  t.match(faultsOf(three), [
    {
      key: 'SIDELIGHT_DATABASE_CONNECTIONS',
      value: '3',
      problem: 'the roles ingest, api, leader need 4',
    },
  ])
  t.match(load({ ...three, SIDELIGHT_ROLES: 'ingest,api' }), { databaseConnections: 3 })
})
