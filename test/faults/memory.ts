import { readFileSync } from 'node:fs'
import { median } from '../bench/report'

export interface RssSample {
  /** Unix milliseconds. */
  readonly atMs: number
  readonly rssMib: number
}

export interface MemoryWatch {
  samples(): readonly RssSample[]
  /** The highest the kernel saw, between the samples too. */
  peakMib(): number
  stop(): void
}

const EVERY_MS = 1_000

/** Samples the resident memory of a process each second, as long as it runs (Linux). */
export function watchMemory(pid: number): MemoryWatch {
  const samples: RssSample[] = []
  let peakMib = 0
  const sample = () => {
    const status = readStatus(pid)
    if (status === null) return
    samples.push({ atMs: Date.now(), rssMib: status.rssMib })
    peakMib = Math.max(peakMib, status.peakMib)
  }
  const timer = setInterval(sample, EVERY_MS)
  sample()
  return {
    samples: () => samples,
    peakMib() {
      sample()
      return peakMib
    },
    stop() {
      sample()
      clearInterval(timer)
    },
  }
}

/** The middle of the first third and of the last third of a series: what grows shows in their difference. */
export function thirds(values: readonly number[]): { first: number; last: number } {
  const length = Math.ceil(values.length / 3)
  return { first: median(values.slice(0, length)), last: median(values.slice(-length)) }
}

/** Whether a series of RSS stays level: its last third is hardly above the first. */
export function isLevel(rssMib: readonly number[]): boolean {
  const { first, last } = thirds(rssMib)
  return last <= first * 1.1 + 10
}

/** Null when the process has ended. */
function readStatus(pid: number): { rssMib: number; peakMib: number } | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const mib = (field: string) =>
      Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? NaN) / 1_024
    const [rssMib, peakMib] = [mib('VmRSS'), mib('VmHWM')]
    // A zombie has neither.
    return Number.isNaN(rssMib) ? null : { rssMib, peakMib }
  } catch {
    return null
  }
}
