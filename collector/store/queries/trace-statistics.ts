import type { Pool } from 'pg'
import { meanNs, quantileNs } from '../../translate/distribution'
import { readClockMs } from '../clock'
import { cover } from './figure/coverage'
import { readRollups } from './figure/rollups'
import { readNames, selectIds } from './figure/selection'
import { Tally } from './figure/tally'
import { readTogether } from './read'
import type { TraceFilter } from './trace-filter'

const NS_PER_MS = 1e6

/** What was counted, requests and other spans. */
class Counted {
  readonly requests = new Tally()
  readonly others = new Tally()

  add({ requests, others }: Counted): void {
    this.requests.add(requests)
    this.others.add(others)
  }
}

/**
 * Counts and durations of the window's requests, in all and a service each, with the window that was used: from rollups
 * alone, so they outlive the spans. A span belongs to the window in which it ends.
 */
export async function readTraceStatistics(pool: Pool, filter: TraceFilter) {
  return readTogether(pool, 'trace statistics', async (reading) => {
    const coverage = cover(filter.window, null, await readClockMs(reading.client))
    const narrowing = await selectIds(reading, { ...filter, operation: null })
    const range = { coverage, narrowing, requestsOnly: false, key: 'service_id' } as const
    const byId = new Map<string, Counted>()
    await readRollups(reading, range, ({ key, isRequest, sums }) => {
      const { requests, others } = countedOf(byId, key)
      if (isRequest) requests.add(sums)
      else others.add(sums)
    })
    const names = await readNames(reading, 'service_id', [...byId.keys()])
    const byName = new Map<string, Counted>()
    const total = new Counted()
    for (const [id, counted] of byId) {
      countedOf(byName, names.get(id)?.service ?? '').add(counted)
      total.add(counted)
    }
    return {
      window: coverage.window,
      ...statisticsOf(total),
      traceCount: total.requests.rootCount + total.others.rootCount,
      byService: [...byName]
        .map(([service, counted]) => ({ service, ...statisticsOf(counted) }))
        .sort((a, b) => b.requestCount - a.requestCount || (a.service < b.service ? -1 : 1)),
    }
  })
}

function countedOf(groups: Map<string, Counted>, group: string): Counted {
  let counted = groups.get(group)
  if (counted === undefined) groups.set(group, (counted = new Counted()))
  return counted
}

function statisticsOf({ requests, others }: Counted) {
  const { count, errorCount, adjustedCount, adjustedErrorCount } = requests
  const durations = requests.durations()
  const quantileMs = (share: number) =>
    durations === null ? null : quantileNs(durations, share) / NS_PER_MS
  return {
    requestCount: count,
    spanCount: count + others.count,
    errorCount,
    errorRate: count === 0 ? null : (100 * adjustedErrorCount) / adjustedCount,
    durationMs: {
      avg: durations === null ? null : meanNs(durations) / NS_PER_MS,
      p50: quantileMs(0.5),
      p95: quantileMs(0.95),
      p99: quantileMs(0.99),
      max: durations === null ? null : durations.maxNs / NS_PER_MS,
    },
  }
}
