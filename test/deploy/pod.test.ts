import { join } from 'node:path'
import t from 'tap'
import { launch } from '../instrumentation/application'
import { SERVER, startReceiver } from '../instrumentation/receiver'
import { dataFolder } from '../helpers/collector'
import { findPort } from '../helpers/ports'
import { until } from '../helpers/until'
import { type Container, podOf, readRendered, ROOT } from './objects'

const TIMEOUT_MS = 30_000
const MOUNTED = '/otel-auto-instrumentation-nodejs/'

/** What the downward API says of a pod of the example, and an annotation it has not. */
const FIELDS: Record<string, string> = {
  'metadata.namespace': 'shop',
  'metadata.name': 'shop-5d9c7-x2x4z',
  'metadata.uid': '0f2a7e60-5a51-4a0e-9d53-0c4fd4a2f1b6',
  'spec.nodeName': 'node-1',
  "metadata.labels['app.kubernetes.io/name']": 'shop',
  "metadata.labels['app.kubernetes.io/version']": '1.0.0',
}

/** The environment as the kubelet makes it: later variables may refer to earlier ones. */
function environmentOf({ env = [] }: Container, fields: Record<string, string>) {
  const made: Record<string, string> = {}
  for (const { name, value, valueFrom } of env) {
    made[name] = (value ?? fields[valueFrom?.fieldRef?.fieldPath ?? ''] ?? '').replace(
      /\$\(([^)]+)\)/g,
      (whole, other: string) => made[other] ?? whole,
    )
  }
  return made
}

t.test('the application of the example is instrumented by its environment alone', async (t) => {
  const [shop] = podOf(readRendered('example'), 'Deployment', 'shop').containers
  const cases = {
    labels: { fields: FIELDS, name: 'shop', version: '1.0.0' },
    annotations: {
      fields: {
        ...FIELDS,
        "metadata.annotations['resource.opentelemetry.io/service.name']": 'storefront',
        "metadata.annotations['resource.opentelemetry.io/service.version']": '2.1.0',
      },
      name: 'storefront',
      version: '2.1.0',
    },
  }
  for (const [case_, { fields, name, version }] of Object.entries(cases)) {
    const receiver = await startReceiver(t)
    const port = await findPort()
    const environment = environmentOf(shop!, fields)
    t.match(environment['NODE_OPTIONS'], MOUNTED)
    const app = launch(t, join(ROOT, 'deploy', 'kubernetes', 'example', 'shop', 'shop.mjs'), {
      flags: [],
      env: {
        ...environment,
        NODE_OPTIONS: (environment['NODE_OPTIONS'] ?? '').replace(
          MOUNTED,
          `${join(ROOT, 'dist', 'instrumentation')}/`,
        ),
        SIDELIGHT_HANDOVER_DIR: join(dataFolder(t), 'files'),
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        PORT: `${port}`,
      },
    })
    const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`)
    await until(
      () =>
        ask('/health').then(
          ({ ok }) => ok,
          () => false,
        ),
      TIMEOUT_MS,
      'the shop',
    )
    t.equal((await ask('/orders/tea')).status, 201)
    t.equal((await ask('/orders/gold')).status, 500)
    app.child.kill('SIGTERM')
    const { code, stderr } = await app.ended
    t.equal(code, 0, case_)
    t.notMatch(stderr, /sidelight:/)
    const span = receiver.spans.find(({ attributes }) => attributes['url.path'] === '/orders/tea')
    t.equal(span?.kind, SERVER)
    t.match(span?.resource, {
      'service.name': name,
      'service.version': version,
      'service.namespace': 'shop',
      'service.instance.id': 'shop.shop-5d9c7-x2x4z',
      'k8s.pod.name': 'shop-5d9c7-x2x4z',
      'k8s.pod.uid': FIELDS['metadata.uid'],
      'k8s.namespace.name': 'shop',
      'k8s.node.name': 'node-1',
    })
    t.ok(receiver.logs.some(({ body }) => body === 'ordered tea'))
  }
})
