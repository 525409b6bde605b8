import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type, type TProperties } from 'typebox'
import { BadParameters } from './problems'

const MAX_SHOWN = 100
const MAX_ATTRIBUTES = 16
/** Longest duration that fits the nanoseconds of a bigint, with room to spare: ten years. */
const MAX_DURATION_MS = 315_360_000_000

/** Query parameters, and no others: a misspelt one would be an answer to another question. */
export function closedQuery<P extends TProperties>(properties: P) {
  return Type.Object(properties, { additionalProperties: false })
}

/** The query parameters of a question about telemetry, which may be about one tenant: `guard` reads which. */
export function questionQuery<P extends TProperties>(properties: P) {
  return closedQuery({ ...properties, tenant })
}

const tenant = Type.Optional(
  Type.String({
    description:
      'Only this tenant, empty for none; a token that is bound to one asks about that one',
  }),
)

/** Reads a trace id in any spelling as 32 lower-case hex digits. Throws BadParameters. */
export function parseTraceId(text: string): string {
  const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
  const hex = (isUuid ? text.replaceAll('-', '') : text).toLowerCase()
  if (/^[0-9a-f]{32}$/.test(hex) && !/^0+$/.test(hex)) return hex
  throw mustBe('traceId', '32 hex digits or a uuid, not all zeros', text)
}

/** Reads a span id as 16 lower-case hex digits. Throws BadParameters. */
export function parseSpanId(text: string): string {
  const hex = text.toLowerCase()
  if (/^[0-9a-f]{16}$/.test(hex) && !/^0+$/.test(hex)) return hex
  throw mustBe('spanId', '16 hex digits, not all zeros', text)
}

/** Reads a uuid, with or without hyphens, as Postgres writes it; null for anything else. */
export function readUuid(text: string): string | null {
  const parts = /^(.{8})-?(.{4})-?(.{4})-?(.{4})-?(.{12})$/.exec(text.toLowerCase())?.slice(1)
  return parts?.every((part) => /^[0-9a-f]+$/.test(part)) === true ? parts.join('-') : null
}

/** What `readUuid` reads, for people. */
export const UUID = 'a uuid, or its 32 hex digits'

/** Reads a uuid. Throws BadParameters. */
export function parseUuid(name: string, text: string): string {
  const uuid = readUuid(text)
  if (uuid === null) throw mustBe(name, UUID, text)
  return uuid
}

/** What `parseAssignment` reads, for people. */
export const ASSIGNMENT = 'key=value, with \\= for an = in the key'

/** Reads `key=value`: the value is all behind the first `=` but those that the key has as `\=`. Null for anything else. */
export function parseAssignment(text: string) {
  const [, key, value] = /^((?:\\=|[^=])+)=(.*)$/s.exec(text) ?? []
  if (key === undefined || value === undefined) return null
  return { key: key.replaceAll('\\=', '='), value }
}

/** Reads the parameters `attribute`. Throws BadParameters. */
export function parseAttributes(texts: readonly string[] = []) {
  return texts.map((text) => {
    const assignment = parseAssignment(text)
    if (assignment === null) throw mustBe('attribute', ASSIGNMENT, text)
    return assignment
  })
}

/** The parameter `attribute` of a search for `what`. */
export function attributeParameter(what: string) {
  return Type.Optional(
    Type.Array(Type.String(), {
      maxItems: MAX_ATTRIBUTES,
      description:
        `${ASSIGNMENT}; may be repeated: only ${what} with all of these attributes. A value that reads as a number or ` +
        'as true or false is found as such, too',
    }),
  )
}

/** A parameter of text that may be left out. */
export function someText(description: string) {
  return Type.Optional(Type.String({ minLength: 1, description }))
}

/** How many of them an answer has at most. */
export function limitParameter(what: string, usual: number, maximum: number) {
  return Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum,
      default: usual,
      description: `Most ${what} to answer with`,
    }),
  )
}

/** A parameter of milliseconds. */
export function durationParameter(description: string, options: object = {}) {
  return Type.Optional(
    Type.Number({ minimum: 0, maximum: MAX_DURATION_MS, description, ...options }),
  )
}

/** One of a few words. */
export function choice<T extends string>(words: readonly T[], description: string) {
  return Type.Optional(Type.Unsafe<T>({ type: 'string', enum: words, description }))
}

/** What to throw for a parameter that is not as it must be. */
export function mustBe(name: string, allowed: string, text: string): BadParameters {
  const shown = JSON.stringify(text.slice(0, MAX_SHOWN))
  return new BadParameters([{ name, reason: `must be ${allowed}, not ${shown}` }])
}

/** Refuses NUL in any parameter or property of a body, which no text in Postgres can have. Throws BadParameters. */
export async function refuseNul(request: FastifyRequest, _reply: FastifyReply): Promise<void> {
  const { params, query, body } = request
  const properties = typeof body === 'object' ? body : {}
  const given = { ...(params as object), ...(query as object), ...properties }
  const faults = Object.entries(given)
    .filter(([, value]) => [value].flat().some((text) => String(text).includes('\0')))
    .map(([name]) => ({ name, reason: 'must be text without NUL characters' }))
  if (faults.length > 0) throw new BadParameters(faults)
}
