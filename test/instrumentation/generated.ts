import type { HrTime, SpanContext } from '@opentelemetry/api'
import { createTraceState } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { Type } from 'protobufjs'
import type { Random } from '../helpers/random'

/** What the generated items come from. */
export const RESOURCE = resourceFromAttributes(
  { 'service.name': 'till', n: 3 },
  { schemaUrl: 'https://opentelemetry.io/schemas/1.0.0' },
)

const SCOPES = [
  { name: 'one' },
  { name: 'two', version: '1.2.3', schemaUrl: 'https://opentelemetry.io/schemas/1.1.0' },
  { name: 'three', attributes: { kind: 'x', list: [1, 2] }, droppedAttributesCount: 2 },
]

/** A span with any fields a span can have. */
export function anySpan(random: Random): ReadableSpan {
  const context = anyContext(random)
  const parent = random.chance(0.7) ? anyContext(random) : undefined
  return {
    name: anyText(random),
    kind: random.below(5),
    spanContext: () => context,
    ...(parent === undefined ? {} : { parentSpanContext: parent }),
    startTime: anyTime(random),
    endTime: anyTime(random),
    duration: [0, 0],
    ended: true,
    status: random.pick([
      { code: 0 },
      { code: 1 },
      { code: 2 },
      { code: 2, message: anyText(random) },
    ]),
    attributes: anyAttributes(random),
    links: Array.from({ length: random.below(3) }, () => ({
      context: anyContext(random),
      ...(random.chance(0.5)
        ? { attributes: anyAttributes(random), droppedAttributesCount: random.below(300) }
        : {}),
    })),
    events: Array.from({ length: random.below(3) }, () => ({
      name: anyText(random),
      time: anyTime(random),
      ...(random.chance(0.5)
        ? { attributes: anyAttributes(random), droppedAttributesCount: random.below(300) }
        : {}),
    })),
    resource: RESOURCE,
    instrumentationScope: random.pick(SCOPES),
    droppedAttributesCount: random.below(3),
    droppedEventsCount: random.below(3),
    droppedLinksCount: random.below(70_000),
  } as ReadableSpan
}

/** A record of the logs API with any fields. */
export function anyRecord(random: Random): ReadableLogRecord {
  return {
    hrTime: anyTime(random),
    hrTimeObserved: anyTime(random),
    ...(random.chance(0.7) ? { spanContext: anyContext(random) } : {}),
    ...(random.chance(0.7) ? { severityNumber: random.below(25) } : {}),
    ...(random.chance(0.7) ? { severityText: anyText(random) } : {}),
    ...(random.chance(0.3) ? { eventName: anyText(random) } : {}),
    ...(random.chance(0.9) ? { body: anyValue(random, 0) } : {}),
    attributes: anyAttributes(random),
    droppedAttributesCount: random.below(3),
    resource: RESOURCE,
    instrumentationScope: random.pick(SCOPES),
  } as ReadableLogRecord
}

function anyContext(random: Random): SpanContext {
  return {
    traceId: random.bytes(16).toString('hex'),
    spanId: random.bytes(8).toString('hex'),
    traceFlags: random.below(4),
    ...(random.chance(0.5) ? { isRemote: random.chance(0.5) } : {}),
    ...(random.chance(0.3) ? { traceState: createTraceState('ot=th:8,vendor=x') } : {}),
  }
}

export function anyTime(random: Random): HrTime {
  return [random.below(4_000_000_000) * (random.chance(0.1) ? 4 : 1), random.below(1_000_000_000)]
}

function anyAttributes(random: Random): Record<string, never> {
  const pairs = Array.from({ length: random.below(12) }, () => [
    anyText(random),
    anyValue(random, 0),
  ])
  return Object.fromEntries(pairs) as Record<string, never>
}

function anyValue(random: Random, depth: number): unknown {
  const kinds = [
    () => anyText(random),
    () => random.chance(0.5),
    () => random.below(1_000) - 500,
    () => (random.below(1_000_000) - 500_000) * random.below(1_000_000) * random.below(1_000),
    () =>
      random.pick([
        -0,
        2 ** 31,
        2 ** 32,
        2 ** 53,
        2 ** 62,
        -(2 ** 63),
        2 ** 63,
        2 ** 63 - 1024,
        -(2 ** 53) - 2,
        1e300,
      ]),
    () => random.pick([NaN, Infinity, -Infinity, 0.1, -1.5, Number.MIN_VALUE]),
    () => random.bytes(random.below(200)),
    () => random.pick([null, undefined, () => 1, Symbol('s')]),
    () => Array.from({ length: random.below(4) }, () => anyValue(random, depth + 1)),
    () =>
      Object.fromEntries(
        Array.from({ length: random.below(4) }, () => [
          anyText(random),
          anyValue(random, depth + 1),
        ]),
      ),
  ]
  return kinds[random.below(depth > 4 ? 8 : kinds.length)]!()
}

function anyText(random: Random): string {
  const letters = random.pick(['abcdefghij', 'aé', 'x€', '😀y', '\ud800z', '\0\n"'])
  const length = random.pick([0, 3, 12, 30, random.below(300), 59, 60, 61, 120, 127, 128, 129])
  return Array.from({ length }, () => letters[random.below(letters.length)]).join('')
}

/** With defaults, since one encoder writes zeros and the other one does not; scopes in one order. */
export function decoded(type: Type, bytes: Uint8Array): Record<string, unknown> {
  const message = type.toObject(type.decode(Buffer.from(bytes)), {
    longs: String,
    bytes: Buffer as never,
    defaults: true,
  })
  return JSON.parse(
    JSON.stringify(message, (key, value: unknown) => {
      if (key === 'status') return value ?? { message: '', code: 0 }
      if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
      return value
    }),
    (_key, value: unknown) => {
      const { type: kind, data } = (value ?? {}) as { type?: string; data?: number[] }
      return kind === 'Buffer' && data !== undefined ? Buffer.from(data) : value
    },
  ) as Record<string, unknown>
}
