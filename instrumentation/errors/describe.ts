import type { Attributes, Span, TimeInput } from '@opentelemetry/api'
import { redactText } from '../api/secret-texts'
import { writeChain } from './chain'
import { get, readException } from './exception'

/** Records what was thrown as an exception event of a span. The status is the caller's to set. Never throws. */
export function recordThrown(span: Span, thrown: unknown, time?: TimeInput): void {
  if (!span.isRecording()) return
  span.addEvent('exception', describeThrown(thrown), time)
}

/**
 * What was thrown as attributes: its class, message and stack, in which all causes and the errors of aggregates are, its
 * code, and what errors of Node.js and of HTTP clients say besides. No other property is looked at: it may hold a secret.
 * Texts have no secrets in them: whoever tells of a throw tells the same, and the collector counts it once. They are added to
 * `attributes`, over what is in there. Never throws.
 */
export function describeThrown(thrown: unknown, attributes: Attributes = {}): Attributes {
  try {
    const exception = readException(thrown)
    const { type, message, code } = exception
    if (type !== '') attributes['exception.type'] = type
    if (message !== '' || type === '') attributes['exception.message'] = redactText(message)
    const stack = writeChain(exception)
    if (stack !== '') attributes['exception.stacktrace'] = redactStack(stack)
    if (code !== undefined) attributes['exception.code'] = code
    if (exception.thrown !== undefined) describeDetails(attributes, exception.thrown)
  } catch {
    // A proxy, or a class that lies of itself; that something was thrown is known all the same.
    attributes['exception.message'] ??= ''
  }
  return attributes
}

/** Without secrets; as a rule the stack as it is: a copy of one takes longer to send. */
export function redactStack(stack: string): string {
  return mayHoldSecrets(stack) ? stack.replace(BESIDE_FRAMES, redactText) : stack
}

/** Lines that are no frames. To look for secrets in paths of files takes longer than all the rest. */
const BESIDE_FRAMES = /^(?! *at ).+(?:\n(?! *at ).*)*/gm

/** Whether anything is secret beside the frames. It goes from line to line, which takes a fraction of what the pattern takes. */
function mayHoldSecrets(stack: string): boolean {
  if (OTHER_ENDS.some((end) => stack.includes(end))) return true
  let besideAt = -1
  let at = 0
  do {
    if (isFrame(stack, at)) {
      if (besideAt !== -1 && isSecret(stack.slice(besideAt, at - 1))) return true
      besideAt = -1
    } else if (besideAt === -1) {
      besideAt = at
    }
    at = stack.indexOf('\n', at) + 1
  } while (at !== 0)
  return besideAt !== -1 && isSecret(stack.slice(besideAt))
}

/** Lines end with these, too, for the pattern. */
const OTHER_ENDS = ['\r', '\u2028', '\u2029']

function isFrame(stack: string, lineAt: number): boolean {
  let at = lineAt
  while (stack.charCodeAt(at) === SPACE) at++
  return stack.startsWith('at ', at)
}

const SPACE = 0x20

function isSecret(text: string): boolean {
  return redactText(text) !== text
}

function describeDetails(attributes: Attributes, thrown: object): void {
  for (const name of DETAILS) {
    const value = get(thrown, name)
    if (typeof value === 'number' ? Number.isFinite(value) : isShortText(value)) {
      attributes[`exception.${name}`] = value as string | number
    }
  }
}

/** `address` and `port` are whom a call went to, `status` what a server answered. */
const DETAILS = ['errno', 'syscall', 'address', 'port', 'status', 'statusCode'] as const
const LONGEST_DETAIL = 256

function isShortText(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST_DETAIL
}
