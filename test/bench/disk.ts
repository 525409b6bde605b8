import type { Client } from 'pg'
import { DICTIONARIES, type Table } from '../../collector/translate/rows'
import type { Figure } from './report'
import type { Workload } from './workload'

const ROWS: Readonly<Record<string, string>> = {
  span: 'span',
  log_record: 'log record',
  correlation: 'correlation',
  metric_point: 'number point',
  metric_histogram: 'histogram point',
}

/** What the rows of a workload take, which are all that is in its tables: heap, TOAST and indexes; and their dictionaries. */
export async function benchDisk(client: Client, { copies }: Workload): Promise<Figure[]> {
  const figures: Figure[] = []
  let total = 0
  for (const { table, rows } of copies) {
    const { all, indexes } = await measure(client, table)
    total += all
    const name = `bytes on disk per ${ROWS[table.name] ?? table.name}`
    figures.push(bytes(name, all / rows), bytes(`${name}, of these in indexes`, indexes / rows))
  }
  const dictionaries = await measureDictionaries(client)
  figures.push(
    figure(
      'dictionaries, of all bytes on disk',
      (dictionaries.all / (total + dictionaries.all)) * 100,
      '%',
    ),
  )
  if (dictionaries.series > 0) {
    figures.push(bytes('bytes on disk per metric series', dictionaries.perSeries))
  }
  return figures
}

async function measure(client: Client, table: Table): Promise<{ all: number; indexes: number }> {
  await client.query(`vacuum analyze sidelight.${table.name}`)
  const { rows } = await client.query<{ all: string; indexes: string }>(
    `select sum(pg_total_relation_size(inhrelid)) as all, sum(pg_indexes_size(inhrelid)) as indexes
     from pg_inherits
     where inhparent = $1::regclass and pg_relation_size(inhrelid) > 0`,
    [`sidelight.${table.name}`],
  )
  return { all: Number(rows[0]?.all), indexes: Number(rows[0]?.indexes) }
}

async function measureDictionaries(client: Client) {
  const names = Object.keys(DICTIONARIES)
  for (const name of names) await client.query(`vacuum analyze sidelight.${name}`)
  const { rows } = await client.query<{ all: string; series: string; bytes: string }>(
    `select sum(pg_total_relation_size(name::regclass)) as all,
       (select count(*) from sidelight.metric_series) as series,
       pg_total_relation_size('sidelight.metric_series') as bytes
     from unnest($1::text[]) as name`,
    [names.map((name) => `sidelight.${name}`)],
  )
  const series = Number(rows[0]?.series)
  return { all: Number(rows[0]?.all), series, perSeries: Number(rows[0]?.bytes) / series }
}

function bytes(name: string, value: number): Figure {
  return figure(name, value, 'B')
}

function figure(name: string, value: number, unit: string): Figure {
  return { name, value, unit, better: 'lower', floor: null, aim: null }
}
