/** Where a line was written. */
export interface Caller {
  readonly function?: string
  readonly file: string
  readonly line: number
}

const FRAME = /^ {4}at (?:(?:async )?(?:new )?([^ (]+)[^(]* \()?(?:file:\/\/)?(.+?):(\d+):\d+\)?$/
const MOST_FRAMES = 16

/** The innermost frame of the stack that is neither of this package nor of pino; costs some microseconds. */
export function callerOf(): Caller | undefined {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = MOST_FRAMES
  const { stack } = new Error()
  Error.stackTraceLimit = stackTraceLimit
  // An application may have its own idea of a stack.
  if (typeof stack !== 'string') return undefined
  for (const text of stack.split('\n').slice(1)) {
    const [, name, file, line] = FRAME.exec(text) ?? []
    if (file === undefined || file.startsWith('node:') || isOurs(file)) continue
    return { ...(name === undefined ? undefined : { function: name }), file, line: Number(line) }
  }
  return undefined
}

function isOurs(file: string): boolean {
  return file.startsWith(__dirname) || /[\\/]node_modules[\\/](?:pino|pino-[a-z]+)[\\/]/.test(file)
}
