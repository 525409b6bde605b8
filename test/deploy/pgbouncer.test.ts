import t from 'tap'
import { podOf, readRendered } from './objects'

const pooled = readRendered('pooled')

t.test('pgbouncer reads what is mounted, from collectors to Postgres', async (t) => {
  const { containers, volumes } = podOf(pooled, 'Deployment', 'sidelight-pgbouncer')
  const { command, volumeMounts, ports } = containers[0]!
  const find = (kind: string, name: string) =>
    pooled.find((object) => object.kind === kind && object.metadata.name.startsWith(name))
  const config = find('ConfigMap', 'sidelight-pgbouncer')
  const secret = find('Secret', 'sidelight-pgbouncer')
  t.match(volumes, [
    { name: 'config', configMap: { name: config?.metadata.name } },
    { name: 'secret', secret: { secretName: secret?.metadata.name } },
  ])
  const pathOf = (volume: string) =>
    volumeMounts?.find(({ name }) => name === volume)?.mountPath ?? ''
  const [[file = '', text = ''] = []] = Object.entries(config?.data ?? {})
  t.same(command, ['pgbouncer', `${pathOf('config')}/${file}`])
  const value = (key: string) => new RegExp(`^${key} = (.*)$`, 'm').exec(text)?.[1]
  t.ok(
    Object.keys(secret?.data ?? {}).some(
      (key) => value('auth_file') === `${pathOf('secret')}/${key}`,
    ),
  )
  t.equal(value('listen_port'), String(ports?.[0]?.containerPort))
  t.equal(value('pool_mode'), 'transaction')
  const [, host, port] = /^\* = host=(\S+) port=(\d+)$/m.exec(text) ?? []
  const postgres = find('Service', host ?? 'none')
  t.match(postgres?.spec?.['ports'], [{ port: Number(port) }])
  const policies = pooled.filter(({ kind }) => kind === 'NetworkPolicy')
  const admitted = (name: string) =>
    JSON.stringify(policies.find(({ metadata }) => metadata.name === name)?.spec?.['ingress'])
  t.match(admitted('sidelight-postgres'), '"pgbouncer"')
  t.match(admitted('sidelight-pgbouncer'), '"sidecar"')
})
