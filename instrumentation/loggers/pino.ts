import { tracingChannel } from 'node:diagnostics_channel'
import type { LoadedModule } from '../modules/hook'
import { activeSpanContext, correlationJsonOf } from './correlation'
import { requestAttributes } from '../process/request-context'
import { sendsLines } from './line'
import { sendLine } from './pino-line'
import { knowledgeOf, type PinoLogger } from './pino-logger'
import { requestJsonOf } from './request'

/**
 * Puts the ids of the active span and of the active request on the lines of pino, and sends them. Newer versions tell of each line themselves, also
 * where they are bundled into the application.
 */
export function recordPino(): void {
  const channel = tracingChannel<'pino_asJson', Told>('pino_asJson')
  channel.start.subscribe(begin as (told: unknown) => void)
  channel.end.subscribe(finish as (told: unknown) => void)
}

/** Of versions before 9.10: what makes a line. */
export function patchPino(tools: { asJson: AsJson }, { version }: LoadedModule): void {
  const { asJson } = tools
  if (tellsItself(version)) return
  tools.asJson = function (...given) {
    const told: Told = { instance: this, arguments: given }
    begin(told)
    try {
      told.result = asJson.apply(this, given)
      return told.result
    } finally {
      finish(told)
    }
  }
}

type AsJson = (this: PinoLogger, ...given: Told['arguments']) => string

interface Told {
  readonly instance: PinoLogger
  readonly arguments: [object: unknown, message: unknown, level: number, time: string]
  result?: string
  /** The bindings of the logger, while it has others. */
  bindings?: string
  outer?: PinoLogger | undefined
}

function tellsItself(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 9 || (major === 9 && minor >= 10)
}

/** The ids are bindings of the logger for as long as the line is made: the application's objects are not touched. */
function begin(told: Told): void {
  try {
    const spanContext = activeSpanContext()
    const request = requestAttributes()
    if (spanContext === undefined && request === undefined) return
    const { instance } = told
    // A serializer may log as well.
    if (open === instance) return
    const { chindings } = knowledgeOf(instance).symbols
    if (!Object.hasOwn(instance, chindings)) return
    const bindings = instance[chindings] as string
    const ids = spanContext === undefined ? '' : correlationJsonOf(spanContext)
    instance[chindings] =
      request === undefined
        ? bindings + ids
        : bindings + ids + requestJsonOf(request, bindings, told.arguments[0])
    told.bindings = bindings
    told.outer = open
    open = instance
  } catch {
    // A frozen logger: the line has no ids.
  }
}

/** The logger that has the ids of a span among its bindings. */
let open: PinoLogger | undefined

function finish(told: Told): void {
  const { instance, bindings, result } = told
  try {
    const known = knowledgeOf(instance)
    let added = 0
    if (bindings !== undefined) {
      const { chindings } = known.symbols
      added = (instance[chindings] as string).length - bindings.length
      instance[chindings] = bindings
      open = told.outer
    }
    if (result === undefined || !sendsLines()) return
    const [object, message, level, time] = told.arguments
    sendLine({ logger: instance, known, object, message, level, time, text: result, added })
  } catch {
    // The line is written, which is what matters to the application.
  }
}
