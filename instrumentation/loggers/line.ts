/** A line of a logger, on its way to the collector. */
export interface LogLine {
  /** Name of the instrumentation scope, as in `sidelight/pino`. */
  readonly scope: string
  readonly timeUnixMs: number
  /** 1 to 24, as in the logs data model of OpenTelemetry. */
  readonly severityNumber: number
  /** The level as the logger calls it. */
  readonly severityText: string
  readonly body: unknown
  /** Any JSON-like values; errors among them are described (see `errors/describe.ts`). */
  readonly attributes: Readonly<Record<string, unknown>>
}

/** Takes a line with the context that is active now. Must be cheap, and must never throw. */
export type LineSink = (line: LogLine) => void

/** Where lines go from now on; until it is called, nowhere. */
export function sendLinesTo(sink: LineSink): void {
  current = sink
}

/** Sends a line on its way. Never throws into the logger. */
export function emitLine(line: LogLine): void {
  current(line)
}

let current: LineSink = () => undefined
