import type { Signal } from '../otlp/signal'
import type { Settings } from './keys'

/** What the telemetry may take of the collector's own Postgres, whose cap counts its log and temporary files too. */
const EMBEDDED_SHARE = 0.8

/** How many days each signal is kept, by what holds for it alone or else for all. */
export function retentionDaysOf(
  { retentionDays, retentionTracesDays, retentionLogsDays, retentionMetricsDays }: Settings,
  signal: Signal,
): number {
  const own = {
    traces: retentionTracesDays,
    logs: retentionLogsDays,
    metrics: retentionMetricsDays,
  }
  return own[signal] ?? retentionDays
}

/** How large everything that is stored may become before the oldest days are dropped; null for no limit. */
export function retentionBytesOf(settings: Settings): number | null {
  const { databaseUrl, retentionMaxBytes, embeddedMaxSizeBytes } = settings
  if (retentionMaxBytes !== null || databaseUrl !== null) return retentionMaxBytes
  return Math.floor(EMBEDDED_SHARE * embeddedMaxSizeBytes)
}
