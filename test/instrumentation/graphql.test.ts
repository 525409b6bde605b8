import t from 'tap'
import { cpSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { APPS, BOOTSTRAP, launch, stage } from './application'
import { API } from './databases'
import { startReceiver } from './receiver'

t.setTimeout(240_000)

for (const libraries of ['current', 'older'] as const) {
  for (const app of ['graphql-calls.cjs', 'graphql-calls.mjs']) {
    t.test(`operations of GraphQL are one span each (${libraries}, ${app})`, async (t) => {
      const receiver = await startReceiver(t)
      const run = async (flags: string[]) => {
        const path = stage(t, app, libraries)
        cpSync(join(APPS, 'graphql-calls.cjs'), join(dirname(path), 'graphql-calls.cjs'))
        const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, APP_API: API }
        const ended = await launch(t, path, { env, flags }).ended
        t.equal(ended.code, 0, ended.stderr)
        return ended.stdout
      }
      const stdout = await run(['--require', BOOTSTRAP])
      t.equal(stdout.replace('active true', ''), (await run([])).replace('active false', ''))
      t.match(stdout, /active true/, 'resolvers run in the context of their operation')
      const { spans } = receiver
      const parents = new Map(spans.map(({ spanId, name }) => [spanId, name]))
      const operations = spans.filter(({ scope }) => scope === 'sidelight/graphql')
      t.same(
        operations.map(({ name, parentSpanId, status, events }) => [
          parents.get(parentSpanId),
          name,
          status.code === 2,
          events.length,
        ]),
        [
          ['query', 'query GetUser', false, 0],
          ['slow', 'query', false, 0],
          ['named', 'query B', false, 0],
          ['mutation', 'mutation Rename', false, 0],
          ['fails', 'query Fails', true, 1],
          ['fails often', 'query Often', true, 5],
          ['invalid', 'query Q', false, 0],
          ['sync', 'query Sync', false, 0],
          ['whole', 'query Whole', false, 0],
          ['subscribe', 'subscription Ticks', false, 0],
          ['subscribe', 'subscription Ticks', false, 0],
          ['subscribe', 'subscription Ticks', false, 0],
        ],
      )
      t.match(operations[0], {
        kind: 1,
        attributes: {
          'graphql.operation.type': 'query',
          'graphql.operation.name': 'GetUser',
          'graphql.document': 'query GetUser { user(id: ?) { name } }',
        },
      })
      t.match(operations[4], {
        attributes: { 'error.type': 'RangeError' },
        events: [
          {
            attributes: {
              'exception.type': 'RangeError',
              'exception.message': 'no such column',
              'exception.stacktrace': /graphql-calls\.cjs/,
            },
          },
        ],
      })
      t.notMatch(JSON.stringify(spans), /secret/)
    })
  }
}
