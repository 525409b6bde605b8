import { recordConsole } from '../loggers/console'
import { recordPino } from '../loggers/pino'

/**
 * Instruments what Node itself brings and every application has: HTTP servers, HTTP clients and fetch.
 * Each by its name in `OTEL_NODE_ENABLED_INSTRUMENTATIONS`.
 */
export const BUILTINS: Readonly<Record<string, () => void>> = {
  console: recordConsole,
  pino: recordPino,
}
