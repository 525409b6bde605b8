import { addUp } from '../health/figures'
import { composeSla, type Objective, type Sla } from '../health/sla'
import type { Window } from './contract'
import type { FigureQueries } from './figure-contract'
import { describeAnswer } from './figures'

const SECOND_MS = 1000
const HOUR_MS = 3_600_000

/** A question about an SLA: of a service, or of all. */
export interface SlaQuestion {
  readonly window: Window
  readonly tenant: string | null
  readonly service: string | null
  readonly objective: Objective
}

/** How the objective was met, as it is answered. */
export async function answerSla(
  { readFigures }: Pick<FigureQueries, 'readFigures'>,
  { window, tenant, service, objective }: SlaQuestion,
) {
  const filter = { tenant, service, module: null, operation: null }
  const { untilMs } = window
  const last = (hours: number) => ({ sinceMs: Math.max(0, untilMs - hours * HOUR_MS), untilMs })
  const [period, lastHour, lastSixHours] = await Promise.all(
    [window, last(1), last(6)].map((asked) =>
      readFigures({ window: asked, filter, of: 'requests', by: [], stepMs: null }),
    ),
  )
  const figures = addUp(period!.figures)
  const { sinceMs, untilMs: endMs } = period!.window
  const sla = composeSla({
    figures,
    lastHour: addUp(lastHour!.figures),
    lastSixHours: addUp(lastSixHours!.figures),
    periodMs: endMs - sinceMs,
    objective,
  })
  const answer = describeAnswer(period!, lastHour!, lastSixHours!)
  return {
    service,
    requestCount: figures.count,
    adjustedRequestCount: figures.adjustedCount,
    errorCount: figures.errorCount,
    ...describeSla(sla),
    target: objective.availabilityPercent,
    ...answer,
    isComplete: answer.gaps.length === 0,
  }
}

function describeSla({ budget, latency, exhaustedInMs, ...sla }: Sla) {
  return {
    ...sla,
    latencyThresholdMs: latency?.thresholdMs ?? null,
    latencyTarget: latency?.targetPercent ?? null,
    latencyWithin: latency?.withinPercent ?? null,
    isLatencyCompliant: latency?.isCompliant ?? null,
    budgetTotal: budget?.total ?? null,
    budgetUsed: budget?.used ?? null,
    budgetRemaining: budget?.remaining ?? null,
    budgetUsedPercent: budget?.usedPercent ?? null,
    budgetRemainingPercent: budget?.remainingPercent ?? null,
    exhaustedInSeconds: exhaustedInMs === null ? null : exhaustedInMs / SECOND_MS,
  }
}
