import { randomUUID } from 'node:crypto'
import type { Attributes, Gauge, Histogram } from '@opentelemetry/api'
import { LONGEST, readOptionalText, refuse } from './argument'
import { attempt, complain } from './attempt'
import { Bounded, OTHER } from './bounded'
import { currentContext } from './context'
import { lazyInstrument } from './instruments'
import type { LogFields } from './log-fields'
import { createModuleLogger, type ModuleLogger } from './logger'
import { attributesOf } from './metadata'
import { redact } from './redaction'

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
   * `_seconds`, `_bytes`, `.duration` or `.size` is a histogram, anything else a gauge. `attributes` should have few values: of more than
   * 1,000 names, and 2,000 combinations of a name and attributes in a process, the further ones are on lines alone, and the
   * attribute `otel.metric.overflow`.
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
  const bindings = bindingsOf(fields)
  const given = readOptionalText('createRequestLogger', 'requestId', bindings['requestId'])
  const requestId = given ?? currentContext()?.requestId ?? randomUUID()
  parent ??= createModuleLogger('request')
  const logger = parent.child({ ...bindings, requestId })
  function metric(name: string, value: number, attributes?: Attributes): void {
    attempt('metric', () => {
      const said = bindingsOf(attributes)
      record(name, value, attributesOf(said))
      logger.info({ event: 'metric', metric: name, value, ...said }, `${name} ${value}`)
    })
  }
  return Object.assign(logger, { requestId, metric })
}

/** What can be read of it, without secrets. */
function bindingsOf(fields: unknown): Record<string, unknown> {
  try {
    const said: unknown = redact(fields)
    return typeof said === 'object' ? { ...said } : {}
  } catch {
    return {}
  }
}

let parent: ModuleLogger | undefined

type Instrument = () => Histogram | Gauge | undefined

const DISTRIBUTED = /(?:_ms|Ms|_seconds|_bytes|\.duration|\.size)$/
/** Of the OpenTelemetry specification, metrics API. */
const INSTRUMENT_NAME = /^[a-z][\w./-]{0,254}$/i
const MOST_INSTRUMENTS = 1_000
const instruments = new Map<string, Instrument>()

function record(name: string, value: number, attributes: Attributes | undefined): void {
  if (!Number.isFinite(value)) return
  let instrument = instruments.get(name)
  if (instrument === undefined) {
    // Names without end are a mistake that must not fill the memory.
    if (instruments.size === MOST_INSTRUMENTS) return
    if (!INSTRUMENT_NAME.test(name)) {
      refuse('metric', 'name', 'a letter, and up to 254 letters, digits and _ . - / behind it')
      return
    }
    instrument = lazyInstrument((meter) =>
      DISTRIBUTED.test(name) ? meter.createHistogram(name) : meter.createGauge(name),
    )
    instruments.set(name, instrument)
  }
  try {
    instrument()?.record(value, boundedOf(name, attributes))
  } catch (error) {
    // An SDK that fails, or of an older API without gauges, costs this value.
    complain('metric', error)
  }
}

const SERIES = new Bounded(2_000)
/** As the metrics SDK calls what is beyond its own limit (OpenTelemetry specification, metrics SDK, overflow attribute). */
const OVERFLOW: Attributes = { 'otel.metric.overflow': true }

function boundedOf(name: string, attributes: Attributes | undefined): Attributes | undefined {
  if (attributes === undefined || Object.keys(attributes).length === 0) return attributes
  const series = `${name} ${JSON.stringify(attributes)}`
  const isBeyond = series.length > LONGEST.message || SERIES.admit(series) === OTHER
  return isBeyond ? OVERFLOW : attributes
}
