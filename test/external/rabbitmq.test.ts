import t from 'tap'
import { traceDatabase, type Tree } from '../instrumentation/databases'
import { startRabbitmq } from './rabbitmq'

t.setTimeout(240_000)

for (const libraries of ['current', 'older'] as const) {
  for (const style of ['promises', 'callbacks']) {
    t.test(`messages through RabbitMQ are one trace (${libraries}, ${style})`, async (t) => {
      const url = await startRabbitmq(t)
      const env = { APP_AMQP_URL: url, APP_STYLE: style }
      const run = (bootstrapped: boolean) =>
        traceDatabase(t, 'amqplib-calls.cjs', libraries, env, bootstrapped)
      const { trees, spans, points, stdout } = await run(true)
      t.match(stdout, /active true/, 'consumers run in the context of their message')
      t.equal(
        stdout.replace('active true', ''),
        (await run(false)).stdout.replace('active false', ''),
      )
      const publishing = (queue: string, work: Tree | unknown, failed = false) => [
        [`publish ${queue}`, [[`process ${queue}`, work, failed]], false],
      ]
      t.same(Object.fromEntries(trees.map(({ name, children }) => [name, children.map(shapeOf)])), {
        plain: publishing('orders', [['work plain', [], false]]),
        bad: publishing('orders', [['work bad', [], false]], true),
        confirmed: publishing('orders', [['work sure', [], false]]),
        waited: [['publish polled', [], false]],
        get: [['get polled', [], false]],
        'get nothing': [],
        left: publishing('left', [], true),
      })
      t.match(
        spans.find(({ name }) => name === 'process orders'),
        {
          kind: 5,
          attributes: {
            'messaging.system': 'rabbitmq',
            'messaging.operation.name': 'process',
            'messaging.operation.type': 'process',
            'messaging.destination.name': 'orders',
            'messaging.rabbitmq.destination.routing_key': 'orders',
            'messaging.rabbitmq.message.delivery_tag': Number,
            'server.address': '127.0.0.1',
            'server.port': Number,
          },
        },
      )
      t.match(
        spans
          .filter(({ status }) => status.code === 2)
          .map(({ attributes }) => attributes['error.type']),
        ['nack', 'channel_closed'],
      )
      const count = (name: string) =>
        points
          .filter(({ metric }) => metric === name)
          .reduce((sum, point) => sum + (point.count ?? 0), 0)
      t.equal(count('messaging.process.duration'), 4)
      t.equal(count('messaging.client.operation.duration'), 6)
    })
  }
}

function shapeOf({ name, children, status }: Tree): unknown[] {
  return [name, children.map(shapeOf), status.code === 2]
}
