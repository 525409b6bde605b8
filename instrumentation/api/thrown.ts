import type { Attributes } from '@opentelemetry/api'
import { describeThrown } from '../errors/describe'
import { redactText } from './redaction'

/**
 * What was thrown as attributes, in the form in which the bootstrap tells of it too, so that the collector counts one throw
 * once: class, message, code, and a stack with all causes and the errors of aggregates. Texts have no secrets in them. They are
 * added to `attributes`, over what is in there.
 */
export function describeError(thrown: unknown, attributes: Attributes = {}): Attributes {
  const described = describeThrown(thrown, attributes)
  const { [MESSAGE]: message, [STACK]: stack } = described
  if (typeof message === 'string') described[MESSAGE] = redactText(message)
  if (typeof stack === 'string') described[STACK] = redactStack(stack)
  return described
}

const MESSAGE = 'exception.message'
const STACK = 'exception.stacktrace'

/** As a rule the stack as it is: a copy of one takes longer to send. */
function redactStack(stack: string): string {
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
