import type { Reading } from '../read'
import { LAST_MS } from './coverage'
import type { FigureQuestion } from './question'

/** What an answer from rollups depends on besides them. */
export interface Circumstances {
  /** Unix milliseconds by Postgres's clock. */
  readonly nowMs: number
  /** Why the window may lack something, in English. */
  readonly gaps: readonly string[]
}

interface Row {
  readonly now_ms: number
  readonly first_ms: number | null
  readonly waiting: readonly { readonly host: string; readonly since_ms: number }[]
}

/** Deltas and hours: what is a minute is in an hour too. */
const CIRCUMSTANCES = `
select (extract(epoch from clock_timestamp()) * 1000)::float8 as now_ms,
  (select (extract(epoch from least(
    (select min(bucket) from sidelight.span_rollup where level = 0),
    (select min(bucket) from sidelight.span_rollup where level = 2))) * 1000)::float8) as first_ms,
  (select coalesce(json_agg(json_build_object('host', host,
      'since_ms', (extract(epoch from oldest_undrained_at) * 1000)::float8) order by oldest_undrained_at), '[]')
    from sidelight.sidecar where drained_at is null and oldest_undrained_at < $1::timestamptz) as waiting`

/**
 * Asked before the rollups are read, so that what is stored meanwhile is rather said to be lacking than not. A tenant is told
 * that something is on its way, not where: the collectors are everybody's.
 */
export async function readCircumstances(
  { ask }: Pick<Reading, 'ask'>,
  { window: { sinceMs, untilMs }, filter: { tenant } }: Pick<FigureQuestion, 'window' | 'filter'>,
): Promise<Circumstances> {
  const values = [format(Math.min(untilMs, LAST_MS))]
  const [row] = await ask<Row>({ text: CIRCUMSTANCES, values })
  if (row === undefined) throw new Error('cannot read the clock: no row')
  const waiting = tenant === null ? row.waiting : row.waiting.slice(0, 1)
  const gaps = waiting.map(({ host, since_ms }) => {
    const collector = tenant === null ? `The collector on ${host}` : 'A collector'
    return `${collector} has not stored yet what it received since ${format(since_ms)}.`
  })
  const isBefore = row.first_ms !== null && sinceMs < row.first_ms
  return {
    nowMs: row.now_ms,
    gaps: isBefore
      ? [`Nothing is known of the time before ${format(row.first_ms)}.`, ...gaps]
      : gaps,
  }
}

function format(ms: number): string {
  return new Date(ms).toISOString()
}
