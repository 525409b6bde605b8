import { type Attributes, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { emitLine } from '../loggers/line'
import { describeThrown } from './describe'

/**
 * Records what nobody caught, in the context it was thrown in, and changes nothing of what becomes of it: exit code,
 * output and the application's own handlers stay as they are. A rejection counts as uncaught where Node.js says so, by
 * `--unhandled-rejections`. The span that was active ends as failed if the process does: it would be lost.
 */
export function recordUncaught(): void {
  process.on('uncaughtExceptionMonitor', (thrown: unknown, origin) => {
    record(thrown, origin, !isCaughtByApplication())
  })
  // In these modes Node.js tells nobody else, and what it does is the same with a listener and without.
  const mode = rejectionMode()
  if (mode === 'warn' || mode === 'none') {
    process.on('unhandledRejection', (reason: unknown) => {
      record(reason, 'unhandledRejection', false)
    })
  }
}

const FATAL = 21
const ERROR = 17

function isCaughtByApplication(): boolean {
  return (
    process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback()
  )
}

/** Of the flags of Node.js the last one counts, and those of the command after those of NODE_OPTIONS. */
function rejectionMode(): string | undefined {
  const flags = `${process.env['NODE_OPTIONS'] ?? ''} ${process.execArgv.join(' ')}`
  const given = [...flags.matchAll(/--unhandled-rejections[= ]([a-z-]+)/g)]
  return given.at(-1)?.[1]
}

function record(thrown: unknown, origin: string, isFatal: boolean): void {
  // What is thrown here would be the end of the process instead.
  try {
    // The same in both: a throw is counted once, as the one that comes first tells of it.
    const described: Attributes = { ...describeThrown(thrown), 'exception.mechanism': origin }
    if (isFatal) described['exception.escaped'] = true
    emitLine({
      scope: 'sidelight/process',
      timeUnixMs: Date.now(),
      severityNumber: isFatal ? FATAL : ERROR,
      severityText: isFatal ? 'FATAL' : 'ERROR',
      body: described['exception.message'] ?? described['exception.type'] ?? '',
      attributes: { ...described },
      eventName: 'exception',
    })
    failActiveSpan(described, isFatal)
  } catch {
    // Not recorded.
  }
}

function failActiveSpan(described: Attributes, isFatal: boolean): void {
  const span = trace.getActiveSpan()
  if (span === undefined || !span.isRecording()) return
  span.addEvent('exception', described)
  if (!isFatal) return
  const message = described['exception.message']
  const { kind } = span as { kind?: SpanKind }
  // A description is for what the conventions of the span's kind do not say (HTTP: not for servers).
  span.setStatus({
    code: SpanStatusCode.ERROR,
    ...(kind !== SpanKind.SERVER && typeof message === 'string' ? { message } : {}),
  })
  span.setAttribute('error.type', String(described['exception.type'] ?? '_OTHER'))
  span.end()
}
