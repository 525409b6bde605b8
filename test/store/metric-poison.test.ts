import t from 'tap'
import { metrics, type MetricsInput } from '../helpers/otlp-metrics'
import { decodeMessage, ExportMetricsServiceRequest } from '../helpers/otlp'
import { never, openDatabase, openWriter, repeated, stored } from './database'
import { readLetters } from './letters'
import { NOON_NS, translated } from './metric-letters'

const CUMULATIVE = { aggregationTemporality: 2 }
const ABOUT = { unit: 's', description: 'd', metadata: { a: 1 } }

/** A sum and a histogram, each with data points of these labels. */
function labelled(...labels: readonly string[]): MetricsInput {
  const points = labels.map((label) => ({ timeUnixNano: NOON_NS, attributes: { label } }))
  const numbers = points.map((point, index) => ({ ...point, asInt: String(index) }))
  const histograms = points.map((point, index) => ({ ...point, count: String(index) }))
  return {
    service: 'shop',
    resource: { attributes: { 'host.name': 'pod' }, schemaUrl: 'https://resource' },
    scope: { name: 'lib', version: '1' },
    metrics: [
      { name: 'sum', ...ABOUT, sum: { ...CUMULATIVE, isMonotonic: true, dataPoints: numbers } },
      { name: 'histogram', ...ABOUT, histogram: { ...CUMULATIVE, dataPoints: histograms } },
    ],
  }
}

for (const { table, constraint, row, name } of [
  { table: 'metric_point', constraint: 'value_int <> 1', row: 1, name: 'sum' },
  { table: 'metric_histogram', constraint: 'count <> 1', row: 1, name: 'histogram' },
]) {
  t.test(
    `a data point that ${table} refuses becomes a letter, its neighbours are stored`,
    async (t) => {
      const pool = await openDatabase(t)
      const writer = openWriter(t, pool)
      await pool.query(
        `alter table sidelight.${table} add constraint no_curse check (${constraint})`,
      )
      const request = translated(metrics(labelled('a', 'curse', 'b')))
      const refused = { table, row, sqlstate: '23514', isKept: true }
      t.match(await writer.write([request], never), [{ kind: 'stored', poison: [refused] }])
      const stored5 = await pool.query('select from sidelight.metrics')
      t.equal(stored5.rowCount, 5)

      const letters = await readLetters(pool)
      t.match(letters, [{ table, item: row, sqlstate: '23514', message: /no_curse/ }])
      const body = letters[0]?.body ?? Buffer.alloc(0)
      const { resourceMetrics } = decodeMessage(ExportMetricsServiceRequest, body) as {
        resourceMetrics: { scopeMetrics: { metrics: Record<string, unknown>[] }[] }[]
      }
      const [metric, ...others] = resourceMetrics[0]?.scopeMetrics[0]?.metrics ?? []
      t.same(others, [])
      t.match(metric, { name, unit: 's', description: 'd', metadata: [{ key: 'a' }] })
      t.match(metric?.[name], { aggregationTemporality: 2, dataPoints: { length: 1 } })

      await pool.query(`alter table sidelight.${table} drop constraint no_curse`)
      const again = translated(body)
      t.same(await writer.write([again], never), [stored])
      t.same(await writer.write([again, request], never), [repeated, repeated])
      const { rows } = await pool.query(
        `select name, kind, unit, temporality, is_monotonic, coalesce(value_int, count) as count,
         resource_attributes ->> 'host.name' as host, scope_name
       from sidelight.metrics where attributes ->> 'label' = 'curse' order by name = $1 desc`,
        [name],
      )
      t.equal(rows.length, 2)
      t.match(rows[0], {
        ...{ name, kind: name, unit: 's', temporality: 'cumulative', count: '1' },
        ...{ is_monotonic: name === 'sum' ? true : null, host: 'pod', scope_name: 'lib' },
      })
      const { rows: series } = await pool.query(
        `select from sidelight.metric_series where name = $1`,
        [name],
      )
      t.equal(series.length, 3, 'the series of the letter is the one it was')
    },
  )
}

t.test('a series Postgres refuses costs its data points alone', async (t) => {
  const pool = await openDatabase(t)
  const writer = openWriter(t, pool)
  await pool.query(
    `alter table sidelight.metric_series add check (attributes ->> 'label' <> 'curse')`,
  )
  const [result] = await writer.write([translated(metrics(labelled('a', 'curse', 'b')))], never)
  t.match(result, {
    kind: 'stored',
    poison: [
      { table: 'metric_point', row: 1, sqlstate: '23514' },
      { table: 'metric_histogram', row: 1, sqlstate: '23514' },
    ],
  })
  const { rows } = await pool.query(`select name, attributes ->> 'label' as label
    from sidelight.metrics order by name, label`)
  t.strictSame(
    rows.map(Object.values),
    ['histogram', 'sum'].flatMap((name) => ['a', 'b'].map((label) => [name, label])),
  )
})

for (const { dictionary, check, cursed } of [
  {
    dictionary: 'resource',
    check: `not attributes ? 'curse'`,
    cursed: { resource: { attributes: { curse: 1 } } },
  },
  { dictionary: 'scope', check: `name <> 'curse'`, cursed: { scope: { name: 'curse' } } },
  { dictionary: 'service', check: `name <> 'curse'`, cursed: { service: 'curse' } },
]) {
  t.test(`a ${dictionary} Postgres refuses costs the data points of its series`, async (t) => {
    const pool = await openDatabase(t)
    const writer = openWriter(t, pool)
    await pool.query(`alter table sidelight.${dictionary} add check (${check})`)
    const request = translated(metrics([labelled('a'), { ...labelled('b'), ...cursed }]))
    t.match(await writer.write([request], never), [
      {
        kind: 'stored',
        poison: [
          { table: 'metric_point', row: 1, sqlstate: '23514' },
          { table: 'metric_histogram', row: 1, sqlstate: '23514' },
        ],
      },
    ])
    const { rows } = await pool.query('select distinct series_id from sidelight.metric_point')
    t.equal(rows.length, 1)
    t.equal((await pool.query('select from sidelight.metric_series')).rowCount, 2)
  })
}
