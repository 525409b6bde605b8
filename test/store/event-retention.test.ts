import t from 'tap'
import { dropByAge } from '../../collector/store/retention'
import { logs } from '../helpers/otlp-logs'
import { translatedRequest } from '../helpers/rows'
import { createLogTranslator } from '../helpers/translator'
import { never, openDatabase, openWriter, silent, stored } from './database'
import { readToday, takeLead } from './leadership'

const DAY_MS = 86_400_000
const AGES = [0, 6, 20, 200]

t.test('events go with the days of log records, what they add up to with its months', async (t) => {
  const pool = await openDatabase(t)
  const receivedMs = (await readToday(pool)) * DAY_MS
  const body = logs({
    records: AGES.map((age) => ({
      eventName: 'sidelight.webhook.delivery',
      attributes: { 'webhook.id': String(age), 'sidelight.outcome': 'failed' },
      timeUnixNano: BigInt(receivedMs - age * DAY_MS) * 1_000_000n,
    })),
  })
  const translator = createLogTranslator({ retentionMs: 365 * DAY_MS })
  const translated = translator.translate(body, { receivedMs, tenant: null })
  const request = translatedRequest(body, translated, { signal: 'logs' })
  t.same(await openWriter(t, pool).write([request], never), [stored])
  const left = async (table: string) => {
    const { rows } = await pool.query<{ age: number }>(
      `select subject::int as age from sidelight.${table}
       join sidelight.catalogue on catalogue.id = catalogue_id order by age`,
    )
    return rows.map(({ age }) => age)
  }
  t.same([await left('event'), await left('event_rollup')], [AGES, AGES])
  await dropByAge(await takeLead(t, pool), {
    retentionDays: (signal) => (signal === 'logs' ? 7 : 365),
    rollupRetentionDays: 60,
    maxBytes: null,
    log: silent,
    dropped: () => undefined,
  })
  t.same(await left('event'), [0, 6])
  t.same(await left('event_rollup'), [0, 6, 20])
})
