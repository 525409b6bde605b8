import type { AnyValue, AnyValueMap } from '@opentelemetry/api-logs'
import { LONGEST, refuse } from './argument'
import { ATTRIBUTE } from './attributes'
import { plainFieldOf } from './plain'
import { redact } from './redaction'
import { judgeName, NAME } from './secret-names'

/**
 * What an application adds in its own words, as attributes: without secrets, texts of 1,024 characters, 64 fields of 128
 * values and four levels at most, and nothing but what JSON has. `known` are those the caller reads itself. Names that
 * begin with `sidelight.` are not the application's.
 */
export function readFields(
  caller: string,
  given: object,
  known: Readonly<Record<string, unknown>>,
): AnyValueMap {
  const fields: AnyValueMap = {}
  if (Array.isArray(given) || ArrayBuffer.isView(given)) {
    refuse(caller, 'its fields', 'an object')
    return fields
  }
  let count = 0
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(known, name) || name === '__proto__') continue
    if (name.startsWith(OURS) || name === '' || name.length > LONGEST.name) {
      refuse(
        caller,
        'names of fields',
        `of 1 to ${LONGEST.name} characters and not begin with ${OURS}`,
      )
      continue
    }
    if (count++ === MOST_FIELDS) {
      refuse(caller, 'the number of fields', `at most ${MOST_FIELDS}`)
      break
    }
    const value = valueOf(given, name)
    if (value !== undefined) fields[NAMES[name] ?? name] = value
  }
  return count === 0 ? fields : redact(fields)
}

/** One value in the application's own words; its name may say that it is a secret. */
export function readField(name: string, value: unknown): AnyValue {
  const plain = valueOf({ value }, 'value')
  if (judgeName(name) !== NAME.open) return redact({ [name]: plain })[name]
  return redact(plain)
}

/** What is called otherwise everywhere else. */
const NAMES: Readonly<Record<string, string>> = {
  __proto__: null as never,
  requestId: ATTRIBUTE.requestId,
  correlationId: ATTRIBUTE.correlationId,
  userId: ATTRIBUTE.userId,
  tenantId: ATTRIBUTE.tenantId,
}

const OURS = 'sidelight.'
const MOST_FIELDS = 64
/** Of one field, however it is nested. */
const MOST = { values: 128, text: LONGEST.text }

function valueOf(object: object, name: string): AnyValue {
  const value = plainFieldOf(object, name, MOST)
  const isTold = value !== null && (typeof value !== 'number' || Number.isFinite(value))
  return isTold ? (value as AnyValue) : undefined
}
