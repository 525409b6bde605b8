import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../collector/config'
import { type Connections, shareConnections } from '../../collector/config/connections'
import { containerOf, podOf, type PodSpec, readRendered, ROOT, valuesOf } from './objects'

const example = readRendered('example')
const sidecars = podOf(example, 'Deployment', 'shop')
const apis = podOf(example, 'Deployment', 'sidelight-api')
const replicas = example.find(({ spec }) => spec?.template?.spec === apis)?.spec?.['replicas']

function connectionsOf(pod: PodSpec): Connections {
  const { SIDELIGHT_DATABASE_CONNECTIONS: connections, SIDELIGHT_ROLES: roles } = valuesOf(
    containerOf(pod, 'sidelight'),
  )
  const read = loadConfig({
    DATABASE_URL: 'postgres://db/app',
    SIDELIGHT_ROLES: roles,
    SIDELIGHT_DATABASE_CONNECTIONS: connections,
  })
  return shareConnections(read)
}

function sumOf({ ingest, api, leader, lease }: Connections): number {
  return ingest + api + leader + lease
}

t.test('an API has more connections than it needs, a sidecar the fewest', async (t) => {
  t.same(connectionsOf(apis), {
    ingest: 0,
    api: 4,
    leader: 2,
    lease: 0,
  })
  t.match(connectionsOf(sidecars), { ingest: 2, api: 0, leader: 0 })
})

t.test('the page says how many sidecars one Postgres carries', async (t) => {
  const page = readFileSync(join(ROOT, 'deploy/kubernetes/README.md'), 'utf8')
  const rows = [...page.matchAll(/^\| (\d+) +\| (\d+) +\| (\d+), with (\d+) +\|$/gm)]
  t.equal(rows.length, 3)
  const [, reserved, ofApi] = /- (\d+) that Postgres reserves - (\d+) of two pods/.exec(page) ?? []
  t.equal(Number(ofApi), 2 * sumOf(connectionsOf(apis)))
  t.equal(replicas, 2)
  const each = sumOf(connectionsOf(sidecars))
  const carried = (most: number, others: number) =>
    Math.floor((most - Number(reserved) - Number(ofApi) - others) / each)
  for (const [row, ...cells] of rows) {
    const [most = 0, alone, shared, others = 0] = cells.map(Number)
    t.same([alone, shared], [carried(most, 0), carried(most, others)], row)
  }
})
