import type { Attributes } from '@opentelemetry/api'
import { describeThrown } from '../errors/describe'
import { redactText } from './redaction'

/**
 * What was thrown as attributes, in the form in which the bootstrap tells of it too, so that the collector counts one throw
 * once: class, message, code, and a stack with all causes and the errors of aggregates. Texts have no secrets in them.
 */
export function describeError(thrown: unknown): Attributes {
  const described = describeThrown(thrown)
  const { [MESSAGE]: message, [STACK]: stack } = described
  if (typeof message === 'string') described[MESSAGE] = redactText(message)
  if (typeof stack === 'string') described[STACK] = redactStack(stack)
  return described
}

const MESSAGE = 'exception.message'
const STACK = 'exception.stacktrace'

/** As a rule the stack as it is: a copy of one takes longer to send. */
function redactStack(stack: string): string {
  const hasSecrets = stack.match(BESIDE_FRAMES)?.some((lines) => redactText(lines) !== lines)
  return hasSecrets === true ? stack.replace(BESIDE_FRAMES, redactText) : stack
}

/** Lines that are no frames. To look for secrets in paths of files takes longer than all the rest. */
const BESIDE_FRAMES = /^(?! *at ).+(?:\n(?! *at ).*)*/gm
