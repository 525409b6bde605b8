import type { Logger, pino as Pino } from 'pino'
import { LONGEST } from './argument'
import { openDestination } from './log-destination'
import { levelOf, loggedApplication } from './log-settings'
import { guardLogger, logWhatever } from './log-writing'
import { textOf } from './span'

/**
 * A logger of pino, with its levels from `trace` to `fatal`, its children, and `level` to be set. It takes `(fields, message)`,
 * `(error, message)` or `(message)`.
 */
export type ModuleLogger = Logger

/**
 * Makes the logger of a part of the service. Its level is that of the variable `LOG_LEVEL_<MODULE>` (in capitals, with `_` for
 * whatever is neither letter nor digit) or of the one named by `envVar`, else of `LOG_LEVEL`, else `info`.
 *
 * Lines go to stdout: coloured on a terminal, otherwise JSON with `timestamp` (RFC 3339), `level`, `message`, `module` and `logger`,
 * `app`, `version`, `environment`, and the ids of the active request and span. Secrets in fields, child bindings, errors and
 * messages are `[redacted]`. With the bootstrap they go to the collector too. Loads pino when it is first called.
 *
 * @example
 * import { createModuleLogger } from 'sidelight'
 *
 * const log = createModuleLogger('payments')
 * log.info({ orderId: 'o-17', durationMs: 12 }, 'order paid')
 * log.error(new Error('card declined'), 'order not paid')
 * console.log(log.isLevelEnabled('debug')) // prints false
 */
export function createModuleLogger(module: string, envVar?: string): ModuleLogger {
  root ??= createRoot()
  const name = textOf(module).slice(0, LONGEST.name)
  return root.child({ logger: name, module: name }, { level: levelOf(name, envVar, process.env) })
}

/** All share one destination. */
let root: Logger | undefined

function createRoot(): Logger {
  const { pino } = require('pino') as { pino: typeof Pino }
  const { env, argv } = process
  const options = {
    level: 'trace',
    base: loggedApplication(env, argv[1]),
    messageKey: 'message',
    timestamp,
    formatters: { level: (level: string) => ({ level }) },
    hooks: { logMethod: logWhatever },
  }
  const destination = openDestination(pino, env)
  const made = destination === undefined ? pino(options) : pino(options, destination)
  guardLogger(pino, made, env['LOG_CALLER'] === 'true')
  return made
}

function timestamp(): string {
  const now = Date.now()
  if (now !== lastMs) {
    lastMs = now
    lastText = `,"timestamp":"${new Date(now).toISOString()}"`
  }
  return lastText
}

/** Many lines are of the same millisecond. */
let lastMs = 0
let lastText = ''
