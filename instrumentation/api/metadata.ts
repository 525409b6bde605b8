import type { Attributes, AttributeValue } from '@opentelemetry/api'
import { ATTRIBUTE } from './attributes'
import { plainRecordOf } from './plain'
import { redact } from './redaction'

/** Whatever an application says of an operation or error, by name. */
export type Metadata = Readonly<Record<string, unknown>>

/**
 * What an application says as attributes: texts, numbers, booleans and lists of one of these as they are, dates in RFC 3339,
 * anything else as JSON. Secrets are redacted. It is bounded, whatever is given: 64 names, 128 items of a list, 4,096
 * characters a value, objects four deep. Never throws; what cannot be read is left out, and so is the field `without`.
 */
export function attributesOf(metadata: unknown, without?: string): Attributes {
  if (typeof metadata !== 'object' || metadata === null) return {}
  try {
    const read = redact(plainRecordOf(metadata, { values: MOST_VALUES, text: LONGEST_TEXT }))
    const attributes: Attributes = {}
    for (const name of Object.keys(read)) {
      const value = name === without ? undefined : attributeOf(read[name])
      if (value !== undefined) attributes[NAMES[name] ?? name] = value
    }
    return attributes
  } catch {
    return {}
  }
}

/** The same for when it is needed. */
export function describer(metadata: Metadata | undefined): (() => Attributes) | undefined {
  return metadata === undefined ? undefined : () => attributesOf(metadata)
}

/** Fields of a request by their names in code, and what they are called everywhere else. */
const NAMES: Readonly<Record<string, string>> = {
  __proto__: null as never,
  requestId: ATTRIBUTE.requestId,
  correlationId: ATTRIBUTE.correlationId,
  userId: ATTRIBUTE.userId,
  tenantId: ATTRIBUTE.tenantId,
  agentId: ATTRIBUTE.agentId,
  httpMethod: ATTRIBUTE.httpMethod,
  httpPath: ATTRIBUTE.httpPath,
}

const MOST_VALUES = 1_000
const LONGEST_TEXT = 4_096

function attributeOf(value: unknown): AttributeValue | undefined {
  if (typeof value !== 'object') return value as AttributeValue | undefined
  if (value === null) return undefined
  if (Array.isArray(value) && isUniform(value)) return value
  return JSON.stringify(value).slice(0, LONGEST_TEXT)
}

/** Whether it is a list as attributes can be. */
function isUniform(list: readonly unknown[]): list is string[] {
  const type = typeof list[0]
  if (type !== 'string' && type !== 'number' && type !== 'boolean') return list.length === 0
  return list.every((value) => typeof value === type)
}
