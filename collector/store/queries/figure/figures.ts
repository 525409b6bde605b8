import type { Pool } from 'pg'
import { kindName } from '../names'
import { readTogether } from '../read'
import { readCircumstances } from './circumstances'
import { cover } from './coverage'
import type { FigureQuestion } from './question'
import { readRollups, Tallies } from './rollups'
import { readNames, selectIds, type Names } from './selection'
import type { Tally } from './tally'

const ALL_TOGETHER: Names = {
  tenant: null,
  environment: null,
  namespace: null,
  service: null,
  module: null,
  operation: null,
  kind: null,
}
/** Of what is in no dictionary any more. */
const FORGOTTEN = { ...ALL_TOGETHER, tenant: '', environment: '', namespace: '', service: '' }

/** What the spans of a window add up to, a group and step each, with the window that was used. */
export async function readFigures(pool: Pool, question: FigureQuestion) {
  return readTogether(pool, 'figures', async (reading) => {
    const { nowMs, gaps } = await readCircumstances(reading, question)
    const coverage = cover(question.window, question.stepMs, nowMs)
    const key = keyOf(question)
    const requestsOnly = question.of === 'requests'
    const narrowing = await selectIds(reading, question.filter)
    const tallies = new Tallies()
    await readRollups(reading, { coverage, narrowing, requestsOnly, key }, (rolled) =>
      tallies.add(rolled.key, rolled.sinceMs, rolled.sums),
    )
    const known = key === null ? new Map() : await readNames(reading, key, tallies.keys())
    const { window, stepMs } = coverage
    const figures = nameGroups(question, tallies, known).flatMap(([names, group]) =>
      group.map(([sinceMs, tally]) => figuresOf(names, sinceMs, tally)),
    )
    return { window, stepMs, figures, gaps }
  })
}

/** By what rollups are told apart: they know modules by their operations. */
function keyOf({ by }: FigureQuestion): 'service_id' | 'operation_id' | null {
  if (by.includes('operation') || by.includes('module')) return 'operation_id'
  return by.includes('service') ? 'service_id' : null
}

type Group = readonly [Names, readonly (readonly [number, Tally])[]]

function nameGroups(
  { by }: FigureQuestion,
  tallies: Tallies,
  known: ReadonlyMap<string, Names>,
): Group[] {
  if (by.length === 0) return tallies.keys().map((key) => [ALL_TOGETHER, tallies.steps(key)])
  const namesOf = (key: string) => known.get(key) ?? FORGOTTEN
  if (by.includes('operation') || !by.includes('module')) {
    return tallies.keys().map((key) => [namesOf(key), tallies.steps(key)])
  }
  const modules = new Tallies()
  for (const key of tallies.keys()) {
    const module = JSON.stringify({ ...namesOf(key), operation: null, kind: null })
    for (const [sinceMs, tally] of tallies.steps(key)) modules.add(module, sinceMs, tally)
  }
  return modules.keys().map((module) => [JSON.parse(module) as Names, modules.steps(module)])
}

function figuresOf(names: Names, sinceMs: number, tally: Tally) {
  const { count, errorCount, rootCount, adjustedCount, adjustedErrorCount } = tally
  const { firstSeenMs, lastSeenMs, slowestTraceId, errorTraceId, randomTraceId } = tally
  return {
    // Field by field: to copy the names and change one of them takes a hundred times as long.
    tenant: names.tenant,
    environment: names.environment,
    namespace: names.namespace,
    service: names.service,
    module: names.module,
    operation: names.operation,
    kind: names.kind === null ? null : kindName(names.kind),
    sinceMs,
    count,
    errorCount,
    rootCount,
    adjustedCount,
    adjustedErrorCount,
    durations: tally.durations(),
    firstSeenMs,
    lastSeenMs,
    slowestTraceId,
    errorTraceId,
    randomTraceId,
  }
}
