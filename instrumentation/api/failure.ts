import type { AnyValueMap } from '@opentelemetry/api-logs'
import { LONGEST } from './argument'
import { ATTRIBUTE } from './attributes'
import { redactText } from './secret-texts'

/**
 * Adds why something failed: of an error its code or class, and its message without secrets; of a text that; of a number, such
 * as a status code, only what it is. Never throws.
 */
export function addFailure(attributes: AnyValueMap, error: unknown): void {
  try {
    if (typeof error === 'number' || typeof error === 'bigint') {
      attributes[ATTRIBUTE.errorType] = String(error)
    } else if (typeof error === 'string') {
      addMessage(attributes, error)
    } else if (typeof error === 'object' && error !== null) {
      const { code, name, message } = error as Record<string, unknown>
      const type = isName(code) ? code : isName(name) ? name : undefined
      if (type !== undefined) attributes[ATTRIBUTE.errorType] = String(type).slice(0, LONGEST.name)
      if (typeof message === 'string') addMessage(attributes, message)
    }
  } catch {
    // A proxy, or an accessor of the application's: that it failed is told all the same.
  }
}

function addMessage(attributes: AnyValueMap, message: string): void {
  if (message !== '')
    attributes[ATTRIBUTE.errorMessage] = redactText(message.slice(0, LONGEST.text))
}

function isName(value: unknown): value is string | number {
  return (typeof value === 'string' && value !== '') || typeof value === 'number'
}
