import { endMs, lookBackMs, type Steps } from './steps'
import { WALKED_COLUMNS } from './walk'

export type PointTable = 'metric_point' | 'metric_histogram'

/** Which points are read: all of some series in the steps and, with `looksBack`, of a while before. */
export interface Range {
  readonly table: PointTable
  readonly columns: string
  readonly steps: Steps
  readonly looksBack: boolean
}

/** A statement for the points of these series, ordered as they are walked. Ids are decimal. */
export function selectPoints(range: Range, ids: readonly string[]): string {
  return `${selectFrom(range)} from sidelight.${range.table} p
    where p.series_id = any(${int64Array(ids)}) and ${within(range)} order by p.series_id, p.time`
}

/** A statement for the points of these series at these unix microseconds only. */
export function selectPointsAt(
  range: Range,
  times: ReadonlyMap<string, ReadonlySet<number>>,
): string {
  const pairs = [...times].flatMap(([id, each]) => [...each].map((timeUs) => ({ id, timeUs })))
  return `${selectFrom(range)}
    from unnest(${int64Array(pairs.map(({ id }) => id))},
      ${int64Array(pairs.map(({ timeUs }) => String(timeUs)))}) as w (series_id, time_us)
    join sidelight.${range.table} p on p.series_id = w.series_id
      and p.time = timestamptz 'epoch' + w.time_us * interval '1 microsecond'
    where ${within(range)} order by p.series_id, p.time`
}

function selectFrom({ columns }: Range): string {
  return `select ${WALKED_COLUMNS}, ${columns}`
}

/** The bounds as literals, so that partitions out of range are left out when the statement is planned. */
function within({ steps, looksBack }: Range): string {
  const sinceMs = looksBack ? lookBackMs(steps) : steps.sinceMs
  return `p.time >= ${timeLiteral(sinceMs)} and p.time < ${timeLiteral(endMs(steps))}`
}

function timeLiteral(ms: number): string {
  return `timestamptz '${new Date(ms).toISOString()}'`
}

/** COPY takes no parameters: nothing but decimal integers gets into its text. */
function int64Array(values: readonly string[]): string {
  const strange = values.find((value) => !/^-?\d{1,19}$/.test(value))
  if (strange !== undefined) throw new TypeError(`cannot ask about "${strange}": it is no integer`)
  return `'{${values.join(',')}}'::bigint[]`
}
