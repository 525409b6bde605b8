import type { Leadership } from './leadership'

/** Called with how many occurrences were deleted. */
export type Thinned = (rows: number) => void

/** With no more than the first and last of a hash nothing is to be deleted. */
const FEW = 25
/** Of a hash, whatever it was thrown in. */
const MOST = 200
/** What a statement looks at, unless one hash has more. */
const BATCH_ROWS = 50_000
const HOUR_MS = 3_600_000

/** Hashes of which occurrences came within the time, and how many. */
const CROWDED = `
select error_hash as hash, count(*)::int as rows
from sidelight.error_occurrence where time >= statement_timestamp() - $1::interval
group by error_hash having count(*) > ${FEW} order by error_hash`

/**
 * An age in thirds of its doubling: of each the oldest is kept, which in time is one of the next, so that what is left is
 * the thinner the older it is.
 */
const AGE = `floor(3 * ln(greatest(extract(epoch from statement_timestamp() - time)::float8, 1)) / ln(2::float8))`

/**
 * What is kept of a hash, the most important first: the 5 first and the 20 last; the first of each release and service, which
 * is of one environment; one of each age; within the last hour, the first and last of each release and minute.
 */
const THIN = `
with placed as (
  select error_hash, time, id,
    row_number() over (partition by error_hash order by time, id) as place,
    row_number() over (partition by error_hash order by time desc, id desc) as place_from_end,
    row_number() over (partition by error_hash, release, service_id order by time, id) as place_in_release,
    row_number() over (partition by error_hash, ${AGE} order by time, id) as place_in_age,
    row_number() over (partition by error_hash, release, date_trunc('minute', time) order by time, id) as place_in_minute,
    row_number() over (partition by error_hash, release, date_trunc('minute', time) order by time desc, id desc)
      as place_in_minute_from_end
  from sidelight.error_occurrence where error_hash = any ($1::uuid[])
),
ranked as (
  select error_hash, time, id, case
    when place <= 5 or place_from_end <= 20 then 1
    when place_in_release = 1 then 2
    when place_in_age = 1 then 3
    when time >= statement_timestamp() - interval '1 hour' and (place_in_minute = 1 or place_in_minute_from_end = 1) then 4
  end as rank from placed
),
chosen as (
  select error_hash, time, id, rank, row_number() over (partition by error_hash order by rank, time desc, id) as place
  from ranked
)
delete from sidelight.error_occurrence o using chosen c
where (c.rank is null or c.place > ${MOST}) and o.error_hash = c.error_hash and o.time = c.time and o.id = c.id`

/**
 * Deletes occurrences until a sample is left of each hash. Returns a function, which looks at the hashes that were thrown
 * within two days, and once an hour at all: late ones may be older.
 */
export function createThinning(
  thinned: Thinned,
  nowMs: () => number = () => performance.now(),
): (leadership: Leadership) => Promise<void> {
  let lookedAtAllMs = -Infinity
  return async (leadership) => {
    const isDue = nowMs() - lookedAtAllMs >= HOUR_MS
    const { rows } = await leadership.query<Crowd>(CROWDED, [isDue ? '10 years' : '2 days'])
    for (const hashes of batchesOf(rows)) {
      const { rowCount } = await leadership.query(THIN, [hashes])
      if ((rowCount ?? 0) > 0) thinned(rowCount ?? 0)
    }
    if (isDue) lookedAtAllMs = nowMs()
  }
}

interface Crowd {
  readonly hash: string
  readonly rows: number
}

function* batchesOf(crowds: readonly Crowd[]): Generator<string[]> {
  let hashes: string[] = []
  let sum = 0
  for (const { hash, rows } of crowds) {
    if (hashes.length > 0 && sum + rows > BATCH_ROWS) {
      yield hashes
      hashes = []
      sum = 0
    }
    hashes.push(hash)
    sum += rows
  }
  if (hashes.length > 0) yield hashes
}
