import type { RunningCollector } from '../helpers/collector'
import { type Figure, median } from './report'

const STARTS = 7

/** From the spawn of the process to the first 200 of /health/ready, with the database up and migrated. */
export async function benchStart(start: () => Promise<RunningCollector>): Promise<Figure[]> {
  const millis: number[] = []
  for (let run = 0; run < STARTS; run++) {
    const startedAt = process.hrtime.bigint()
    const collector = await start()
    millis.push(Number(process.hrtime.bigint() - startedAt) / 1e6)
    await collector.end('SIGTERM')
  }
  const value = median(millis)
  return [{ name: 'start to ready', value, unit: 'ms', better: 'lower', floor: 1000, aim: 300 }]
}
