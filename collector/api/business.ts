import type { BusinessSeries, StoredBusinessEvent } from './business-contract'
import { describeWindow } from './figures'
import type { Steps } from './metric-contract'
import { formatMs } from './window'

/** The attributes that say whose an event is. */
export const USER_ATTRIBUTES = ['user.id', 'enduser.id', 'userId']
const COUNT_ATTRIBUTE = 'sidelight.count'

/** An event as it is answered; `correlationAttributes` are those whose values are correlation ids. */
export function describeBusinessEvent(
  event: StoredBusinessEvent,
  correlationAttributes: readonly string[],
) {
  const { time, name, status, tenant, service, durationMs, costUsd, traceId, spanId } = event
  const { attributes } = event
  const first = (keys: readonly string[]) => {
    const found = keys.map((key) => attributes[key.startsWith('$') ? `$${key}` : key])
    const value = found.find((each) => typeof each === 'string')
    return typeof value === 'string' ? value : null
  }
  const count = Number(attributes[COUNT_ATTRIBUTE] ?? NaN)
  return {
    time,
    name,
    status,
    tenant,
    service,
    durationMs,
    costUsd,
    count: Number.isFinite(count) ? count : null,
    userId: first(USER_ATTRIBUTES),
    correlationId: first(correlationAttributes),
    traceId,
    spanId,
    attributes,
  }
}

/** Series as they are answered, with a value for each step. */
export function describeBusinessSeries(
  {
    series,
    isTruncated,
  }: { readonly series: readonly BusinessSeries[]; readonly isTruncated: boolean },
  { sinceMs, untilMs, stepMs, count }: Steps,
) {
  const times = Array.from({ length: count }, (_, step) => sinceMs + step * stepMs)
  return {
    window: describeWindow({ sinceMs, untilMs }),
    stepSeconds: stepMs / 1000,
    times: times.map(formatMs),
    series: series.map(({ name, status, steps }) => {
      const byTime = new Map(steps.map((step) => [step.sinceMs, step]))
      const found = times.map((ms) => byTime.get(ms))
      return {
        name,
        status,
        total: sum(steps.map((step) => step.count)),
        totalCostUsd: Number(sum(steps.map((step) => step.costUsd)).toPrecision(15)),
        counts: found.map((step) => step?.count ?? 0),
        costsUsd: found.map((step) => step?.costUsd ?? 0),
        avgDurationsMs: found.map((step) => step?.avgDurationMs ?? null),
        maxDurationsMs: found.map((step) => step?.maxDurationMs ?? null),
      }
    }),
    truncated: isTruncated,
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
