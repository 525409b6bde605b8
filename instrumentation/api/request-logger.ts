import { randomUUID } from 'node:crypto'
import { type Attributes, type Gauge, type Histogram, metrics } from '@opentelemetry/api'
import { currentContext } from './context'
import type { LogFields } from './log-fields'
import { createModuleLogger, type ModuleLogger } from './logger'

/** The request a logger is of. */
export interface RequestLoggerFields extends LogFields {
  /** That of the active request, or a new one, by default. */
  readonly requestId?: string | undefined
  readonly method: string
  readonly path: string
}

/** A logger of one request. */
export type RequestLogger = ModuleLogger & {
  readonly requestId: string
  /**
   * Records a value, and writes a line of level `info` with `metric` and `value`. What has a name that ends with `_ms`, `Ms`,
   * `_seconds`, `_bytes`, `.duration` or `.size` is a histogram, anything else a gauge. `attributes` should have few values.
   */
  metric(name: string, value: number, attributes?: Attributes): void
}

/**
 * Makes the logger of a request, whose lines have its id, method and path. Its level is that of the module `request`.
 *
 * @example
 * import { createRequestLogger } from 'sidelight'
 *
 * const log = createRequestLogger({ requestId: 'r-1', method: 'POST', path: '/orders' })
 * log.info({ items: 3 }, 'order taken')
 * log.metric('order.items', 3)
 * console.log(log.requestId) // prints r-1
 */
export function createRequestLogger(fields: RequestLoggerFields): RequestLogger {
  const requestId = fields.requestId ?? currentContext()?.requestId ?? randomUUID()
  parent ??= createModuleLogger('request')
  const logger = parent.child({ ...fields, requestId })
  function metric(name: string, value: number, attributes?: Attributes): void {
    record(name, value, attributes)
    logger.info({ event: 'metric', metric: name, value, ...attributes }, `${name} ${value}`)
  }
  return Object.assign(logger, { requestId, metric })
}

let parent: ModuleLogger | undefined

type Instrument = (value: number, attributes: Attributes | undefined) => void

const DISTRIBUTED = /(?:_ms|Ms|_seconds|_bytes|\.duration|\.size)$/
const MOST_INSTRUMENTS = 1_000
const instruments = new Map<string, Instrument>()

function record(name: string, value: number, attributes: Attributes | undefined): void {
  if (!Number.isFinite(value)) return
  let instrument = instruments.get(name)
  if (instrument === undefined) {
    // Names without end are a mistake that must not fill the memory.
    if (instruments.size === MOST_INSTRUMENTS) return
    instrument = createInstrument(name)
    instruments.set(name, instrument)
  }
  instrument(value, attributes)
}

function createInstrument(name: string): Instrument {
  try {
    const meter = metrics.getMeter('sidelight')
    const made: Histogram | Gauge = DISTRIBUTED.test(name)
      ? meter.createHistogram(name)
      : meter.createGauge(name)
    return (value, attributes) => made.record(value, attributes)
  } catch {
    // Of an older API.
    return () => undefined
  }
}
