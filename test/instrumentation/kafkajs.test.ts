import t, { type Test } from 'tap'
import { cpSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { APPS, BOOTSTRAP, launch, stage } from './application'
import { API, type Tree, treesOf } from './databases'
import { startKafka } from './kafka'
import { CONSUMER, PRODUCER, startReceiver } from './receiver'

t.setTimeout(240_000)

type Libraries = 'current' | 'older'

for (const libraries of ['current', 'older'] as const) {
  for (const kind of ['cjs', 'mjs'] as const) {
    t.test(
      `a trace goes on where messages of kafkajs arrive (${libraries}, ${kind})`,
      async (t) => {
        const { spans, points, port, sent, consumed } = await sendAndConsume(t, libraries, kind)
        const bare = await sendAndConsume(t, libraries, kind, { isBare: true })
        t.equal(sent.replace('active true', ''), bare.sent.replace('active false', ''))
        t.match(sent, /active true/, 'callers keep their context')
        t.equal(consumed, bare.consumed, 'messages arrive as without the bootstrap')
        t.match(consumed, /bad 0 orders tenant=acme many=a,b/)

        const trees = treesOf(spans)
        t.same(trees.map(drawn).sort(), TREES)
        t.ok(trees.every(isOneTrace), 'across both processes')
        const ours = spans.filter(({ scope }) => scope === 'sidelight/kafkajs')
        for (const { name, kind, resource } of ours) {
          const isSent = name.startsWith('send')
          t.equal(kind, isSent ? PRODUCER : CONSUMER)
          t.equal(resource['service.name'], isSent ? 'shop' : 'stock')
        }
        const below = (name: string) => trees.find((tree) => tree.name === name)?.children[0]
        const server = { 'server.address': '127.0.0.1', 'server.port': port }
        t.same(below('one')?.attributes, { ...SENT, ...server })
        t.match(below('tombstone')?.attributes, { 'messaging.kafka.message.tombstone': true })
        t.same(below('several')?.attributes, { ...SENT_SEVERAL, ...server })
        t.same(below('batch')?.attributes, { ...SENT_BATCH, ...server })
        t.match(below('moved')?.attributes, { 'messaging.kafka.offset': 0 }, 'after another try')
        t.match(below('refused'), REFUSED)
        t.match(below('late'), { attributes: { 'error.type': 'KafkaJSError' } })
        const [failed, done] = below('one')?.children ?? []
        t.match(failed, FAILED)
        t.same(done?.attributes, { ...PROCESSED, ...server })
        const batches = trees.filter(({ name }) => name === 'process parcels')
        const names = new Map(spans.map(({ spanId, name }) => [spanId, name]))
        t.same(
          batches.map(({ links }) => links.map(({ spanId }) => names.get(spanId)).join()).sort(),
          ['send parcels', 'send parcels', 'send parcels,send'],
          'batches are linked to what sent their messages',
        )
        const whole = batches.find(({ children }) => children.length === 3)
        t.same(whole?.attributes, { ...PROCESSED_BATCH, ...server })
        t.match(
          batches.find(({ status }) => status.code === 2),
          { attributes: { 'error.type': 'Refusal' }, events: [{ name: 'exception' }] },
        )
        t.same(measured(points), MEASURED)
      },
    )
  }

  t.test(`messages that bring no context begin traces (${libraries})`, async (t) => {
    const { spans } = await sendAndConsume(t, libraries, 'cjs', {
      sender: { OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'kafkajs' },
    })
    t.same(treesOf(spans).map(drawn).sort(), UNRELATED_TREES)
    t.same(
      spans.flatMap(({ links }) => links),
      [],
    )
  })
}

interface Options {
  /** Neither of the processes loads the bootstrap. */
  readonly isBare?: boolean
  readonly sender?: NodeJS.ProcessEnv
}

/** Runs the process that sends to its end, then the one that consumes. */
async function sendAndConsume(
  t: Test,
  libraries: Libraries,
  kind: 'cjs' | 'mjs',
  { isBare = false, sender = {} }: Options = {},
) {
  const receiver = await startReceiver(t)
  const { broker, port } = await startKafka(t)
  const run = async (app: string, env: NodeJS.ProcessEnv) => {
    const path = stage(t, `${app}.${kind}`, libraries)
    cpSync(join(APPS, `${app}.cjs`), join(dirname(path), `${app}.cjs`))
    const ended = await launch(t, path, {
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        APP_API: API,
        APP_KAFKA: broker,
        KAFKAJS_NO_PARTITIONER_WARNING: '1',
        ...env,
      },
      flags: isBare ? [] : ['--require', BOOTSTRAP],
    }).ended
    t.equal(ended.code, 0, ended.stderr)
    return ended.stdout
  }
  const sent = await run('kafkajs-sends', { OTEL_SERVICE_NAME: 'shop', ...sender })
  const consumed = await run('kafkajs-consumes', { OTEL_SERVICE_NAME: 'stock', APP_COUNT: '12' })
  return { spans: receiver.spans, points: receiver.points, port, sent, consumed }
}

/** As `name (child, child)`, with a mark at what failed. */
function drawn({ name, status, children }: Tree): string {
  const below = children.map(drawn).sort()
  return `${name}${status.code === 2 ? ' !' : ''}${below.length > 0 ? ` (${below.join(', ')})` : ''}`
}

function isOneTrace({ traceId, children }: Tree): boolean {
  return children.every((child) => child.traceId === traceId && isOneTrace(child))
}

type Points = Awaited<ReturnType<typeof sendAndConsume>>['points']

/** How often what was done, by the metric that counts it. */
function measured(points: Points): string[] {
  return points
    .filter(({ metric }) => metric.startsWith('messaging.'))
    .map(({ metric, count, attributes }) => {
      const topic = attributes['messaging.destination.name'] ?? '-'
      return `${metric} ${topic} ${attributes['error.type'] ?? 'ok'} ${count}`
    })
    .sort()
}

const PROCESS_TREES = [
  'process parcels !',
  'process parcels (work p1, work p3, work p4)',
  'process parcels (work p2)',
]

/** The process that sends has a span for each way to send. */
const TREES = [
  'abort (send orders)',
  'batch (send (process orders (work o1), process orders (work o2)))',
  'commit (send orders (process orders (work commit)))',
  'fast (send moved (process moved (work m2)))',
  'invalid (send orders !)',
  'late (send orders !)',
  'moved (send moved (process moved (work m1)))',
  'no topic (send !)',
  'nothing',
  'object (send orders (process orders (work null)))',
  'one (send orders (process orders !, process orders (work bad)))',
  ...PROCESS_TREES,
  'refused (send sealed !)',
  'several (send parcels)',
  'tombstone (send orders (process orders (work null)))',
]

const UNRELATED_TREES = [
  ...TREES.flatMap((tree) => (tree.startsWith('process') ? [] : [tree.replace(/ \(.*/, '')])),
  'process moved (work m1)',
  'process moved (work m2)',
  'process orders !',
  'process orders (work bad)',
  'process orders (work commit)',
  'process orders (work null)',
  'process orders (work null)',
  'process orders (work o1)',
  'process orders (work o2)',
  ...PROCESS_TREES,
].sort()

const SENDING = {
  'messaging.system': 'kafka',
  'messaging.operation.name': 'send',
  'messaging.operation.type': 'send',
}

const SENT = {
  ...SENDING,
  'messaging.destination.name': 'orders',
  'messaging.destination.partition.id': '0',
  'messaging.kafka.offset': 0,
}

const SENT_SEVERAL = {
  ...SENDING,
  'messaging.destination.name': 'parcels',
  'messaging.batch.message_count': 3,
}

const SENT_BATCH = { ...SENDING, 'messaging.batch.message_count': 3 }

const REFUSED = {
  attributes: { 'error.type': 'TOPIC_AUTHORIZATION_FAILED' },
  events: [{ name: 'exception', attributes: { 'exception.type': 'KafkaJSProtocolError' } }],
}

const PROCESSING = {
  'messaging.system': 'kafka',
  'messaging.operation.name': 'process',
  'messaging.operation.type': 'process',
  'messaging.destination.partition.id': '0',
}

const PROCESSED = {
  ...PROCESSING,
  'messaging.destination.name': 'orders',
  'messaging.consumer.group.name': 'workers',
  'messaging.kafka.offset': 0,
}

const PROCESSED_BATCH = {
  ...PROCESSING,
  'messaging.destination.name': 'parcels',
  'messaging.consumer.group.name': 'packers',
  'messaging.batch.message_count': 3,
}

const FAILED = {
  status: { code: 2, message: 'cannot take bad' },
  attributes: { 'error.type': 'Refusal', 'messaging.kafka.offset': 0 },
  events: [
    {
      name: 'exception',
      attributes: {
        'exception.message': 'cannot take bad',
        'exception.stacktrace': /kafkajs-consumes\.cjs/,
      },
    },
  ],
}

/** A send that waits for no acknowledgement, as one of the two to `moved`, does not learn which broker took it. */
const MEASURED = [
  'messaging.client.operation.duration - KafkaJSNonRetriableError 1',
  'messaging.client.operation.duration - ok 1',
  'messaging.client.operation.duration moved ok 1',
  'messaging.client.operation.duration moved ok 1',
  'messaging.client.operation.duration orders KafkaJSError 1',
  'messaging.client.operation.duration orders KafkaJSNonRetriableError 1',
  'messaging.client.operation.duration orders ok 5',
  'messaging.client.operation.duration parcels ok 1',
  'messaging.client.operation.duration sealed TOPIC_AUTHORIZATION_FAILED 1',
  'messaging.process.duration moved ok 2',
  'messaging.process.duration orders Refusal 1',
  'messaging.process.duration orders ok 6',
  'messaging.process.duration parcels Refusal 1',
  'messaging.process.duration parcels ok 2',
]
