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
 * code, and what errors of Node.js and of HTTP clients say besides. No other property is looked at: it may hold a secret. What
 * is one in message or stack is redacted, the same way whoever tells of it, so that one throw counts once. Never throws.
 */
export function describeThrown(thrown: unknown): Attributes {
  const attributes: Attributes = {}
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
  const hasSecrets = stack.match(BESIDE_FRAMES)?.some((lines) => redactText(lines) !== lines)
  return hasSecrets === true ? stack.replace(BESIDE_FRAMES, redactText) : stack
}

/** Lines that are no frames. To look for secrets in paths of files takes longer than all the rest. */
const BESIDE_FRAMES = /^(?! *at ).+(?:\n(?! *at ).*)*/gm

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
