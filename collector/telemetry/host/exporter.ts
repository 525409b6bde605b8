import { describeContainer } from './container-metrics'
import { steadyCpu } from './cpu'
import { encodeExport } from './export'
import type { Point } from './instruments'
import type { HostReading } from './reader'
import { CounterStarts } from './starts'
import { describeSystem } from './system'

/** When a reading was made, by the clock on the wall and by one that never runs backwards. */
export interface Moment {
  readonly unixMs: number
  readonly monotonicMs: number
}

const MS_PER_SECOND = 1000

/** Makes requests of readings, each with the one before in mind. */
export class HostExporter {
  readonly #resource: Point['attributes']
  readonly #version: string
  readonly #starts = new CounterStarts()
  #before: { readonly reading: HostReading; readonly monotonicMs: number } | null = null
  /** Found out once: the kernel computes them anew each time, and they would tremble. */
  #bootUnixMs: number | null = null
  #containerUnixMs: number | null = null

  constructor(resource: Point['attributes'], version: string) {
    this.#resource = resource
    this.#version = version
  }

  /** The ExportMetricsServiceRequest of a reading. Of the first one it has nothing that needs a reading before it. */
  encode(raw: HostReading, { unixMs, monotonicMs }: Moment): Buffer {
    const before = this.#before?.reading ?? null
    const elapsedSeconds = (monotonicMs - (this.#before?.monotonicMs ?? 0)) / MS_PER_SECOND
    const reading = { ...raw, cpu: raw.cpu && steadyCpu(raw.cpu, before?.cpu ?? null) }
    this.#before = { reading, monotonicMs }
    this.#findBeginnings(reading, unixMs)
    const container = describeContainer(reading, before, elapsedSeconds)
    const metrics = [
      ...this.#starts.place(describeSystem(reading, before), this.#bootUnixMs),
      ...this.#starts.place(container, this.#containerUnixMs),
    ]
    this.#starts.close(unixMs)
    return encodeExport({ resource: this.#resource, version: this.#version, metrics, unixMs })
  }

  #findBeginnings({ cpu, container }: HostReading, unixMs: number): void {
    const bootSeconds = cpu?.bootUnixSeconds ?? null
    if (bootSeconds !== null) this.#bootUnixMs ??= bootSeconds * MS_PER_SECOND
    const uptimeSeconds = container?.uptimeSeconds ?? null
    if (uptimeSeconds !== null) this.#containerUnixMs ??= unixMs - uptimeSeconds * MS_PER_SECOND
  }
}
