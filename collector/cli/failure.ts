import { ConfigError } from '../config'
import { maskUrl } from '../config/database'

/** What a command that failed prints, and its exit code: 2 when the call or the configuration is at fault, else 1. */
export function explainError(error: unknown): { readonly text: string; readonly exitCode: 1 | 2 } {
  if (error instanceof ConfigError) return { text: error.message, exitCode: 2 }
  const message = messageOf(error).replace(/postgres(ql)?:\/\/\S+/g, (url) => maskUrl(url))
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  const isUsage = code?.startsWith('ERR_PARSE_ARGS_') === true
  return isUsage ? { text: `${message}; see --help`, exitCode: 2 } : { text: message, exitCode: 1 }
}

/** An AggregateError (every address of a host refused) has no message of its own. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join('; ')
  }
  return error instanceof Error ? error.message : String(error)
}
