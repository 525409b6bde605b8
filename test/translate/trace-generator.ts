import type { Random } from '../helpers/random'

export type Message = Record<string, unknown>

/** When generated spans arrive; they start within the two days around. */
export const RECEIVED_MS = Date.UTC(2026, 6, 21, 12)

const DAY_MS = 86_400_000
export const STRINGS = [
  '',
  'a',
  'GET /products/:id',
  'quote " backslash \\ slash /',
  'line\nfeed\ttab\r\b\f\u0001\u001f\u007f',
  'grüße, Москва, 東京',
  'emoji 😀 and \u2028 separators \ufeff',
  'NUL \0 inside',
  '$',
  'x'.repeat(300),
]
const TRACE_STATES = ['ot=th:8', 'vendor=1,ot=rv:0123;th:fd70a3d70a3d71', 'ot=th:c', 'ot=th:x']
const KEYS = [
  'a',
  'http.request.method',
  '$bytes',
  'module',
  'tenant.id',
  '__proto__',
  'schlüssel',
  'k"q',
]
export const INTEGERS = [
  '0',
  '-1',
  '127',
  '2147483647',
  '-2147483648',
  '4294967296',
  '9007199254740993',
  '-9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
]
export const DOUBLES = [
  0,
  -0,
  1,
  -1.5,
  0.1,
  1e-7,
  5e-324,
  2 ** 60,
  1e20,
  Number.NaN,
  Infinity,
  -Infinity,
]
const ZERO_ID = Buffer.alloc(16)

/** An ExportTraceServiceRequest as protobufjs takes it, of everything the messages can hold. */
export function generateRequest(random: Random): Message {
  return { resourceSpans: many(random, 3, () => resourceSpans(random)) }
}

function resourceSpans(random: Random): Message {
  return some(random, {
    resource: () => resource(random),
    scopeSpans: () => many(random, 3, () => scopeSpans(random)),
    schemaUrl: () => random.pick(STRINGS),
  })
}

export function resource(random: Random): Message {
  return some(random, {
    attributes: () => [
      { key: 'service.name', value: { stringValue: random.pick(STRINGS) } },
      { key: 'deployment.environment', value: { stringValue: 'test' } },
      ...attributes(random),
    ],
    droppedAttributesCount: () => random.below(3),
    entityRefs: () => many(random, 2, () => entityRef(random)),
  })
}

function entityRef(random: Random): Message {
  return some(random, {
    schemaUrl: () => random.pick(STRINGS),
    type: () => random.pick(STRINGS),
    idKeys: () => many(random, 3, () => random.pick(STRINGS)),
    descriptionKeys: () => many(random, 3, () => random.pick(STRINGS)),
  })
}

function scopeSpans(random: Random): Message {
  return some(random, {
    scope: () => scope(random),
    spans: () => many(random, 6, () => span(random)),
    schemaUrl: () => random.pick(STRINGS),
  })
}

export function scope(random: Random): Message {
  return some(random, {
    name: () => random.pick(STRINGS),
    version: () => random.pick(STRINGS),
    attributes: () => attributes(random),
    droppedAttributesCount: () => random.below(3),
  })
}

function span(random: Random): Message {
  const ids = {
    traceId: random.chance(0.95) ? random.bytes(16) : random.pick([random.bytes(15), ZERO_ID]),
    spanId: random.chance(0.95) ? random.bytes(8) : random.pick([random.bytes(9), Buffer.alloc(8)]),
  }
  const fields = some(random, {
    parentSpanId: () =>
      random.chance(0.95) ? random.pick([random.bytes(8), Buffer.alloc(8)]) : random.bytes(3),
    traceState: () => random.pick([...STRINGS, ...TRACE_STATES]),
    flags: () => random.pick([0, 1, 0x101, 0xffff_ffff]),
    name: () => random.pick(STRINGS),
    kind: () => random.pick([0, 1, 2, 3, 4, 5, 99, -1]),
    startTimeUnixNano: () => time(random),
    endTimeUnixNano: () => (random.chance(0.1) ? '18446744073709551615' : time(random)),
    attributes: () => [...attributes(random), ...many(random, 3, () => httpStatus(random))],
    droppedAttributesCount: () => random.pick([0, 1, 4_294_967_295]),
    events: () => many(random, 3, () => event(random)),
    droppedEventsCount: () => random.below(3),
    links: () => many(random, 3, () => link(random)),
    droppedLinksCount: () => random.below(3),
    status: () =>
      some(random, {
        message: () => random.pick(STRINGS),
        code: () => random.pick([0, 1, 2, 7]),
      }),
  })
  return { ...ids, ...fields }
}

function httpStatus(random: Random): Message {
  return {
    key: random.pick(['http.response.status_code', 'http.status_code']),
    value: random.chance(0.1)
      ? anyValue(random, 0)
      : random.pick([
          { intValue: random.pick(['200', '499', '500', '503', '-500']) },
          { stringValue: random.pick(['200', '500', '599', '', '5OO', '500 ', '-500']) },
        ]),
  }
}

function event(random: Random): Message {
  return some(random, {
    timeUnixNano: () => random.pick([time(random), '1', '999999999', '18446744073709551615']),
    name: () => random.pick(STRINGS),
    attributes: () => attributes(random),
    droppedAttributesCount: () => random.below(3),
  })
}

function link(random: Random): Message {
  return some(random, {
    traceId: () => random.bytes(random.pick([0, 3, 16])),
    spanId: () => random.bytes(random.pick([0, 8, 20])),
    traceState: () => random.pick(STRINGS),
    attributes: () => attributes(random),
    droppedAttributesCount: () => random.below(3),
    flags: () => random.pick([0, 1, 0xffff_ffff]),
  })
}

export function attributes(random: Random): Message[] {
  return many(random, 5, () => keyValue(random, 0))
}

function keyValue(random: Random, depth: number): Message {
  return some(random, {
    key: () => random.pick(KEYS),
    value: () => anyValue(random, depth),
  })
}

export function anyValue(random: Random, depth: number): Message {
  switch (random.below(depth > 3 ? 6 : 8)) {
    case 0:
      return {}
    case 1:
      return { boolValue: random.chance(0.5) }
    case 2:
      return { intValue: random.pick(INTEGERS) }
    case 3:
      return { doubleValue: random.pick(DOUBLES) }
    case 4:
      return { bytesValue: random.bytes(random.below(8)) }
    case 5:
      return { stringValue: random.pick(STRINGS) }
    case 6:
      return { arrayValue: { values: many(random, 4, () => anyValue(random, depth + 1)) } }
    default:
      return { kvlistValue: { values: many(random, 4, () => keyValue(random, depth + 1)) } }
  }
}

export function time(random: Random): string {
  const nearMs = RECEIVED_MS + random.below(2 * DAY_MS) - DAY_MS
  const ms = random.chance(0.95) ? nearMs : random.pick([0, nearMs - 40 * DAY_MS, 9 * nearMs])
  return String(BigInt(ms) * 1_000_000n + BigInt(ms === 0 ? 0 : random.below(1_000_000)))
}

/** Most of the fields. */
export function some(random: Random, fields: Readonly<Record<string, () => unknown>>): Message {
  const message: Message = {}
  for (const [name, make] of Object.entries(fields)) {
    if (random.chance(0.75)) message[name] = make()
  }
  return message
}

export function many<T>(random: Random, limit: number, make: () => T): T[] {
  return Array.from({ length: random.below(limit) }, make)
}
