import { type Context, context, type SpanOptions, trace, type Tracer } from '@opentelemetry/api'
import { type Logger, type LogRecord, logs } from '@opentelemetry/api-logs'
import { stampedIn, stampSpan } from '../process/request-context'

/**
 * Has every span of the SDK that is registered carry the ids of the request it starts in. A configuration file says which
 * processors there are, so it is the class of the tracers that does it.
 */
export function stampSpans(): void {
  const prototype = classOf<Tracer>(trace.getTracer(SCOPE), 'startSpan')
  if (prototype === undefined) return
  const { startSpan } = prototype
  prototype.startSpan = function (
    name: string,
    options?: SpanOptions,
    parent: Context = context.active(),
  ) {
    const span = startSpan.call(this, name, options, parent)
    if (span.isRecording()) stampSpan(span, parent)
    return span
  }
}

/** The same of every record of its loggers. */
export function stampRecords(): void {
  const prototype = classOf<Logger>(logs.getLogger(SCOPE), 'emit')
  if (prototype === undefined) return
  const { emit } = prototype
  prototype.emit = function (record: LogRecord) {
    const { attributes = {} } = record
    const stamped = stampedIn(record.context ?? context.active(), attributes)
    emit.call(this, stamped === attributes ? record : { ...record, attributes: stamped as {} })
  }
}

const SCOPE = 'sidelight'

/** Undefined when it is not what has the method. */
function classOf<Instance extends object>(
  instance: Instance,
  method: keyof Instance & string,
): Instance | undefined {
  const prototype = Object.getPrototypeOf(instance) as Instance | null
  return prototype !== null && Object.hasOwn(prototype, method) ? prototype : undefined
}
