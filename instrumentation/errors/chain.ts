import { cut, type Exception, isError, readException } from './exception'

/**
 * The stack of an exception with those of its causes and of the errors of aggregates. Causes are told as pino tells
 * them (`caused by: `), aggregates as `util.inspect` does (`[errors]: [`, deeper lines indented), so that the collector,
 * which reads both, finds the same error whichever way it came. Empty when there is no stack and nothing to add to it.
 */
export function writeChain(exception: Exception): string {
  if (exception.errors.length === 0 && exception.cause === undefined) {
    return cut(exception.stack, LONGEST_STACK)
  }
  const writer = new ChainWriter()
  writer.write(exception, '', true)
  const { text } = writer
  return exception.stack === '' && !text.includes('\n') ? '' : text
}

/** So many UTF-16 units of all stacks together; the collector looks at no more. */
const LONGEST_CHAIN = 65_536
/** One long stack must not take the room of the causes. */
const LONGEST_STACK = 16_384
const LONGEST_VALUE = 1_024
const MOST_EXCEPTIONS = 32

class ChainWriter {
  text = ''
  #exceptions = 0
  /** Those on the way to what is being written, to tell cycles. */
  readonly #open = new Set<object>()

  write(outermost: Exception, indent: string, isReported: boolean): void {
    const opened: object[] = []
    let exception = outermost
    for (;;) {
      if (exception.thrown !== undefined) {
        this.#open.add(exception.thrown)
        opened.push(exception.thrown)
      }
      this.#writeOne(exception, indent, isReported && exception === outermost)
      const { cause } = exception
      if (cause === undefined || cause === null) break
      if (!isError(cause) || this.#open.has(cause)) {
        this.#add(`\n${indent}  [cause]: ${isError(cause) ? '[Circular]' : valueOf(cause)}`)
        break
      }
      if (!this.#hasRoom()) break
      this.#add(`\n${indent}${indent === '' ? '' : '  '}caused by: `)
      exception = readException(cause)
    }
    for (const object of opened) this.#open.delete(object)
  }

  #writeOne(exception: Exception, indent: string, isReported: boolean): void {
    this.#exceptions++
    const { stack, code, errors } = exception
    const own = stack === '' ? headerOf(exception) : whole(stack)
    // Lines of a message must not pass for what stands beside the exception.
    this.#add(indent === '' ? own : own.replaceAll('\n', `\n${indent}  `))
    // The outermost has it in an attribute.
    if (!isReported && code !== undefined && stack !== '') {
      this.#add(`\n${indent}    code: ${JSON.stringify(code)}`)
    }
    if (errors.length > 0) this.#writeMembers(errors, indent)
  }

  #writeMembers(errors: readonly unknown[], indent: string): void {
    this.#add(`\n${indent}  [errors]: [`)
    const deeper = `${indent}    `
    for (const error of errors) {
      if (!this.#hasRoom()) return
      this.#add(`\n${deeper}`)
      if (!isError(error)) this.#add(valueOf(error))
      else if (this.#open.has(error)) this.#add('[Circular]')
      else this.write(readException(error), deeper, false)
    }
  }

  #hasRoom(): boolean {
    return this.#exceptions < MOST_EXCEPTIONS && this.text.length < LONGEST_CHAIN
  }

  #add(text: string): void {
    this.text += cut(text, Math.max(0, LONGEST_CHAIN - this.text.length))
  }
}

/** As many lines as there is room for. */
function whole(stack: string): string {
  if (stack.length <= LONGEST_STACK) return stack
  const end = stack.lastIndexOf('\n', LONGEST_STACK)
  return end === -1 ? cut(stack, LONGEST_STACK) : stack.slice(0, end)
}

function headerOf({ type, message, code }: Exception): string {
  const name = code === undefined ? type || 'Error' : `${type || 'Error'} [${code}]`
  return message === '' ? name : `${name}: ${message}`
}

/** What a cause or member is that is no error; of an object that it is one. */
function valueOf(value: unknown): string {
  if (typeof value === 'number') return String(value)
  if (typeof value === 'object' || typeof value === 'function') {
    return `{${value === null ? '' : '…'}}`
  }
  return JSON.stringify(cut(String(value), LONGEST_VALUE))
}
