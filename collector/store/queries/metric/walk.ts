import type { PoolClient } from 'pg'
import { BadData } from '../../../errors'
import { copyOut, type BinaryRow } from '../../copy-out'
import type { Selection, Series } from './selection'

/** The first two columns of a statement whose rows are read. */
export const WALKED_COLUMNS = 'p.series_id, p.attributes::text'
/** The column that follows them. */
export const FIRST_COLUMN = 2

/** So many streams of one series are followed at once: one that stands in for others has any number. */
const MAX_STREAMS = 100_000

/** Where the points of one stream go, in order of time. */
export interface Stream<P> {
  take(point: P): void
  /** No more points of the stream follow. */
  end(): void
}

/** Adds up the points of streams in groups. */
export interface Fold<P> {
  /** Called for every stream: a series, or points of one series that have the same attributes of their own. */
  open(series: Series, group: number): Stream<P>
}

/** Reads the points of `statement`, which is ordered by series and time, and hands each to its stream; what belongs to no group is passed over. */
export async function walk<P>(
  client: PoolClient,
  statement: string,
  { series }: Selection,
  readPoint: (row: BinaryRow, series: Series) => P,
  fold: Fold<P>,
): Promise<void> {
  let current: Series | undefined
  let currentId: number | bigint | null = null
  let streams = new Map<string | null, Stream<P> | null>()
  const close = () => {
    for (const stream of streams.values()) stream?.end()
    streams = new Map()
  }
  const streamOf = (of: Series, attributes: string | null): Stream<P> | null => {
    const known = streams.get(attributes)
    if (known !== undefined) return known
    if (streams.size >= MAX_STREAMS) {
      throw new BadData(`The question is about more than ${MAX_STREAMS} series: name a service.`)
    }
    const group = of.groupOf(attributes)
    const opened = group === null ? null : fold.open(of, group)
    streams.set(attributes, opened)
    return opened
  }
  await copyOut(client, statement, (row) => {
    const id = row.int64(0)
    if (id !== currentId) {
      close()
      currentId = id
      current = series.get(String(id))
    }
    if (current === undefined) return
    const stream = streamOf(current, row.isNull(1) ? null : row.text(1))
    stream?.take(readPoint(row, current))
  })
  close()
}

/** Reads the points of `statement`, which come in any order and of which those of a series are one stream. */
export async function gather<P>(
  client: PoolClient,
  statement: string,
  { series }: Selection,
  readPoint: (row: BinaryRow, series: Series) => P,
  fold: Fold<P>,
): Promise<void> {
  const opened = new Map<number | bigint, { of: Series; stream: Stream<P> } | null>()
  const open = (id: number | bigint) => {
    const of = series.get(String(id))
    const group = of?.groupOf(null) ?? null
    return of === undefined || group === null ? null : { of, stream: fold.open(of, group) }
  }
  await copyOut(client, statement, (row) => {
    const id = row.int64(0)
    let known = opened.get(id)
    if (known === undefined) opened.set(id, (known = open(id)))
    known?.stream.take(readPoint(row, known.of))
  })
  for (const known of opened.values()) known?.stream.end()
}
