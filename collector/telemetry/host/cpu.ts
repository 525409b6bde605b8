import { TICKS_PER_SECOND } from './files'

/** The values of `cpu.mode`. */
export const CPU_MODES = ['user', 'nice', 'system', 'idle', 'iowait', 'interrupt', 'steal'] as const
export type CpuMode = (typeof CPU_MODES)[number]
export type CpuSeconds = Readonly<Record<CpuMode, number>>

/** /proc/stat: what all CPUs together did since the boot. */
export interface CpuReading {
  readonly logicalCount: number
  readonly seconds: CpuSeconds
  /** Null where the kernel does not say. */
  readonly bootUnixSeconds: number | null
}

/** Null for a text without the line of all CPUs. Time of guests is in `user` and `nice` already. */
export function parseCpu(stat: string): CpuReading | null {
  const all = /^cpu +(.+)$/m.exec(stat)?.[1]
  if (all === undefined) return null
  const fields = all.split(' ').map((ticks) => Number(ticks) / TICKS_PER_SECOND)
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] =
    fields
  const boot = /^btime (\d+)$/m.exec(stat)?.[1]
  return {
    logicalCount: stat.match(/^cpu\d+ /gm)?.length ?? 0,
    seconds: { user, nice, system, idle, iowait, interrupt: irq + softirq, steal },
    bootUnixSeconds: boot === undefined ? null : Number(boot),
  }
}

/** A fall of no more than this is the kernel's arithmetic (idle and iowait do it), not a counter that began again. */
const MAX_WOBBLE_SECONDS = 3

/** The reading with every mode that fell a little kept where it was, as a counter must not fall. */
export function steadyCpu(reading: CpuReading, previous: CpuReading | null): CpuReading {
  if (previous === null) return reading
  const seconds = mapModes((mode) => {
    const [now, before] = [reading.seconds[mode], previous.seconds[mode]]
    return now < before && before - now <= MAX_WOBBLE_SECONDS ? before : now
  })
  return { ...reading, seconds }
}

/** The share of each mode of the time between two readings, 0 to 1; null when none passed or a counter began again. */
export function shareCpu(now: CpuSeconds, before: CpuSeconds): CpuSeconds | null {
  const passed = mapModes((mode) => now[mode] - before[mode])
  const spent = Object.values(passed)
  const total = spent.reduce((sum, seconds) => sum + seconds, 0)
  if (total <= 0 || spent.some((seconds) => seconds < 0)) return null
  return mapModes((mode) => passed[mode] / total)
}

function mapModes(value: (mode: CpuMode) => number): CpuSeconds {
  return Object.fromEntries(CPU_MODES.map((mode) => [mode, value(mode)])) as CpuSeconds
}
