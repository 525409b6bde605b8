import t from 'tap'
import type { GroupRequest } from '../../collector/store/group'
import { isolateRows } from '../../collector/translate/origin'
import { decodeMessage, ExportLogsServiceRequest } from '../helpers/otlp'
import { logs, type LogsInput } from '../helpers/otlp-logs'
import { MAJORS } from '../helpers/postgres'
import { requestOf, translatedRequest } from '../helpers/rows'
import { createLogTranslator } from '../helpers/translator'
import { never, openDatabase, openWriter, repeated, stored } from './database'
import { NOON_NS, readLetters, RECEIVED_MS } from './letters'

const translator = createLogTranslator({
  retentionMs: 365 * 86_400_000,
  correlationAttributes: ['request.id'],
})

function translated(body: Uint8Array): GroupRequest {
  const translate = (bytes: Uint8Array) =>
    translator.translate(bytes, { receivedMs: RECEIVED_MS, tenant: null })
  return translatedRequest(body, translate(body), {
    signal: 'logs',
    retranslate: (copy, rows) => translate(isolateRows('logs', body, copy, rows)),
  })
}

/** Records of one resource and scope with these texts, each with an id of its own. */
function recordsOf(texts: readonly string[]): LogsInput {
  return {
    service: 'shop',
    resource: { attributes: { 'host.name': 'pod' }, schemaUrl: 'https://resource' },
    scope: { name: 'lib', version: '1', schemaUrl: 'https://scope' },
    records: texts.map((text, index) => ({
      timeUnixNano: NOON_NS + BigInt(index),
      body: text,
      attributes: { 'request.id': `id of ${text}` },
    })),
  }
}

for (const major of MAJORS) {
  t.test(
    `on Postgres ${major} a log record that is refused becomes a letter to be sent again`,
    async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      await pool.query(`alter table sidelight.log_record
        add constraint no_curse check (body is distinct from 'curse')`)
      const input = recordsOf(['a', 'curse', 'b'])
      const group = [requestOf('x', 2), translated(logs(input)), requestOf('y', 1)]
      const refused = { table: 'log_record', row: 1, sqlstate: '23514', isKept: true }
      t.match(await writer.write(group, never), [
        stored,
        { kind: 'stored', poison: [refused] },
        stored,
      ])
      const texts = async () => {
        const { rows } = await pool.query<{ body: string }>(
          'select body from sidelight.log_record order by body',
        )
        return rows.map(({ body }) => body)
      }
      t.same(await texts(), ['a', 'b'])
      const seen = await pool.query('select id from sidelight.correlation order by id')
      t.same(seen.rows, [{ id: 'id of a' }, { id: 'id of b' }], 'its own id is not to be found')

      const [letter, ...others] = await readLetters(pool)
      t.match(letter, { table: 'log_record', item: 1, message: /no_curse/ })
      t.equal(others.length, 0)
      const body = letter?.body ?? Buffer.alloc(0)
      const decode = (bytes: Buffer) => decodeMessage(ExportLogsServiceRequest, bytes)
      const alone = logs({ ...input, records: input.records?.slice(1, 2) ?? [] })
      t.same(decode(body), decode(alone), 'just that record, with its resource and scope')

      await pool.query('alter table sidelight.log_record drop constraint no_curse')
      t.same(await writer.write([translated(body)], never), [stored])
      t.same(await writer.write([translated(body)], never), [repeated])
      t.same(await texts(), ['a', 'b', 'curse'])
      const { rows } = await pool.query(
        `select service, resource_attributes ->> 'host.name' as host, resource_schema_url,
           scope_name, scope_schema_url, time_unix_nano
         from sidelight.logs where body = 'curse'`,
      )
      t.same(rows, [
        {
          service: 'shop',
          host: 'pod',
          resource_schema_url: 'https://resource',
          scope_name: 'lib',
          scope_schema_url: 'https://scope',
          time_unix_nano: String(NOON_NS + 1n),
        },
      ])
    },
  )
}

t.test('an id that is refused is left out, and costs no log record', async (t) => {
  const pool = await openDatabase(t)
  const writer = openWriter(t, pool)
  await pool.query(`alter table sidelight.correlation
    add constraint no_curse check (id <> 'id of curse')`)
  t.same(await writer.write([translated(logs(recordsOf(['a', 'curse', 'b'])))], never), [stored])
  const { rows } = await pool.query<{ bodies: string[]; ids: string[] }>(
    `select (select array_agg(body order by body) from sidelight.log_record) as bodies,
       (select array_agg(id order by id) from sidelight.correlation) as ids`,
  )
  t.same(rows, [{ bodies: ['a', 'b', 'curse'], ids: ['id of a', 'id of b'] }])
  t.same(await readLetters(pool), [])
})
