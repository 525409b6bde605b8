import { pino, type DestinationStream, type Level, type Logger } from 'pino'

const SECRET_KEYS = ['token', 'password', 'authorization', 'cookie', 'secret', 'apiKey']
const MASK = '[redacted]'

/** JSON lines on `stream` (standard output by default), without tokens, passwords or cookies, wherever in a line they are. */
export function createLog(level: Level | 'silent', stream?: DestinationStream): Logger {
  const paths = SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`, `*["set-${key}"]`])
  const options = {
    level,
    base: { name: 'sidelight' },
    timestamp: pino.stdTimeFunctions.isoTime,
    // The cause is a field of its own: the messages here name it already.
    serializers: { err: pino.stdSerializers.errWithCause },
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths, censor: MASK },
    // Secrets also travel inside texts: connection strings, URLs, messages of errors.
    hooks: { streamWrite: redactText },
  }
  return stream ? pino(options, stream) : pino(options)
}

/** Masks what is secret in a text: the password of a URL, `token=` and the like in a query, the token after `Bearer`. */
export function redactText(text: string): string {
  return text
    .replace(
      /\b([a-z][a-z0-9+.-]{0,20}:\/\/[^\s:@/"\\]{0,255}:)(?:\\.|[^\s"\\/])+@/gi,
      `$1${MASK}@`,
    )
    .replace(/\b((?:token|password|secret|api_?key)=)[^\s&"'\\#]+/gi, `$1${MASK}`)
    .replace(/\b(Bearer +)[A-Za-z0-9._~+/-]{12,}=*/gi, `$1${MASK}`)
}
