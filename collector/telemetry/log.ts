import { pino, type DestinationStream, type Level, type Logger } from 'pino'

const SECRET_KEYS = ['token', 'password', 'authorization', 'cookie', 'secret', 'apiKey']
const MASK = '[redacted]'

/** JSON lines on `stream`, without tokens, passwords or cookies, wherever in a line they are. */
export function createLog(level: Level | 'silent', stream: DestinationStream): Logger {
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
  return pino(options, stream)
}

/** Standard output as the log takes it: nothing waits for whoever reads it, but the end of the process. */
export interface LogOutput {
  readonly stream: DestinationStream
  /** Resolves when what was logged is written, in its order, or nobody is there to read it. */
  written(): Promise<void>
}

/** Opens it, once in a process: on the way out pino alone would write the last lines before those still under way. */
export function openLogOutput(): LogOutput {
  const stream = pino.destination({ sync: false })
  // A log that cannot be written, on a full disk or into a closed pipe, ends nothing but itself.
  const broken = new Promise<void>((resolve) => stream.on('error', () => resolve()))
  return {
    stream,
    written() {
      const drained = new Promise<void>((resolve) => stream.once('drain', () => resolve()))
      stream.write('')
      return Promise.race([drained, broken])
    },
  }
}

/**
 * Masks what is secret in a text: the password of a URL, `token=` and the like in a query, the code of a link that logs in, the
 * token after `Bearer`.
 */
export function redactText(text: string): string {
  return text
    .replace(
      /\b([a-z][a-z0-9+.-]{0,20}:\/\/[^\s:@/"\\]{0,255}:)(?:\\.|[^\s"\\/])+@/gi,
      `$1${MASK}@`,
    )
    .replace(/\b((?:token|password|secret|api_?key|login\?code)=)[^\s&"'\\#]+/gi, `$1${MASK}`)
    .replace(/\b(Bearer +)[A-Za-z0-9._~+/-]{12,}=*/gi, `$1${MASK}`)
}
