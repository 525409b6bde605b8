import type { Pool } from 'pg'
import type { ErrorFilter } from './question'
import { BadData } from '../../../errors'
import { readClockMs } from '../../clock'
import { cover } from '../figure/coverage'
import type { Range } from '../figure/question'
import { Values } from '../log-filter'
import { readTogether } from '../read'
import { groupConditions, groupJoin, where } from './filter'
import { hashesOf } from './matching'
import { allowMany, isNowhere, narrow, rangesOf, rolled, timeLiteral } from './rollups'

const MAX_STEPS = 10_000

/** Throws by the step; steps are hours, and the window whole hours, where minutes are not kept. */
export async function readErrorTrend(
  pool: Pool,
  question: {
    readonly window: Range
    readonly filter: ErrorFilter
    readonly groupId: string | null
    readonly stepMs: number
  },
) {
  const { filter, groupId } = question
  return readTogether(pool, 'the trend of errors', async (reading) => {
    const nowMs = await readClockMs(reading.client)
    const coverage = cover(question.window, question.stepMs, nowMs)
    const { window } = coverage
    const stepMs = coverage.stepMs ?? question.stepMs
    if ((window.untilMs - window.sinceMs) / stepMs > MAX_STEPS) {
      throw new BadData(`The window has more than ${MAX_STEPS} steps: ask for longer ones.`)
    }
    const hashes = await hashesOf(reading, filter, groupId)
    const narrowing = { ...(await narrow(reading, filter)), hashes }
    if (isNowhere(narrowing)) return { window, stepMs, steps: [] }
    await allowMany(reading)
    const values = new Values()
    const rollups = rolled(COLUMNS, rangesOf(coverage), narrowing, values)
    const steps = await reading.ask<TrendStep>({
      text: statementOf(rollups, { filter, sinceMs: window.sinceMs, stepMs }, values),
      values: values.list,
    })
    return { window, stepMs, steps }
  })
}

export interface TrendStep {
  readonly sinceMs: number
  readonly occurrenceCount: number
  readonly severeCount: number
  readonly groupCount: number
}

const COLUMNS = 'bucket, error_hash, occurrence_count, severe_count'

function statementOf(
  rollups: string,
  {
    filter,
    sinceMs,
    stepMs,
  }: { readonly filter: ErrorFilter; readonly sinceMs: number; readonly stepMs: number },
  values: Values,
): string {
  const { minOccurrences, severeOnly } = filter
  const counted = [
    ...(minOccurrences > 1 ? [`occurrences >= ${values.bind(minOccurrences)}`] : []),
    ...(severeOnly ? ['severe > 0'] : []),
  ]
  // What is asked of a group's sums is asked of those of the whole window.
  return `
with kept as (
  select date_bin('${stepMs} milliseconds', r.bucket, ${timeLiteral(sinceMs)}) as since, h.group_id,
    sum(r.occurrence_count::float8) as occurrences, sum(r.severe_count::float8) as severe
  from ${rollups} as r join sidelight.error_group_hash h on h.id = r.error_hash
  ${groupJoin(filter)}
  ${where(groupConditions(filter, values))}
  group by 1, 2
)
select (extract(epoch from since) * 1000)::float8 as "sinceMs", sum(occurrences) as "occurrenceCount",
  sum(severe) as "severeCount", count(*)::int as "groupCount"
from kept
${
  counted.length === 0
    ? ''
    : `where group_id in (
  select group_id from (
    select group_id, sum(occurrences) as occurrences, sum(severe) as severe from kept group by 1
  ) as whole ${where(counted)})`
}
group by since order by since`
}
