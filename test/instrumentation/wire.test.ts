import type { HrTime, SpanContext } from '@opentelemetry/api'
import { ProtobufLogsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import t from 'tap'
import type { Body } from '../../instrumentation/delivery/contract'
import { BodyBuilder, type BodyLimits, ITEM, type Scope } from '../../instrumentation/wire/body'
import { writeLine, writeRecord } from '../../instrumentation/wire/record'
import { writeSpan } from '../../instrumentation/wire/span'
import { Writer } from '../../instrumentation/wire/writer'
import { ExportLogsServiceRequest, ExportTraceServiceRequest, Span } from '../helpers/otlp'
import { createRandom } from '../helpers/random'
import { anyRecord, anySpan, anyTime, decoded, RESOURCE } from './generated'
import { type WireRequest, logsOf } from './receiver'

const NO_LIMITS: BodyLimits = { maxItems: 1e9, maxBytes: 1e9, maxDelayMs: 60_000 }

t.test('generated spans are encoded as the serializer of OpenTelemetry encodes them', async (t) => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = createRandom(seed)
    const spans = Array.from({ length: 1 + random.below(40) }, () => anySpan(random))
    const ours = bodyOf('traces', spans, (span) => span.instrumentationScope, writeSpan)
    const theirs = ProtobufTraceSerializer.serializeRequest(spans)!
    const type = ExportTraceServiceRequest
    if (!t.same(decoded(type, ours), decoded(type, theirs), `seed ${seed}`)) break
  }
})

t.test(
  'generated records are encoded as the serializer of OpenTelemetry encodes them',
  async (t) => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = createRandom(seed)
      const records = Array.from({ length: 1 + random.below(40) }, () => anyRecord(random))
      const ours = bodyOf('logs', records, (record) => record.instrumentationScope, writeRecord)
      const theirs = ProtobufLogsSerializer.serializeRequest(records)!
      const type = ExportLogsServiceRequest
      if (!t.same(decoded(type, ours), decoded(type, theirs), `seed ${seed}`)) break
    }
  },
)

t.test('lengths at the edges of their widths are right', async (t) => {
  for (const length of [
    0, 1, 59, 60, 61, 84, 85, 121, 122, 126, 127, 128, 129, 16_370, 16_383, 16_384, 2_097_200,
  ]) {
    for (const text of ['a'.repeat(length), 'é'.repeat(length), '€'.repeat(length)]) {
      const span = { ...anySpan(createRandom(1)), name: text, attributes: { [text]: text } }
      const type = ExportTraceServiceRequest
      t.same(
        decoded(
          type,
          bodyOf('traces', [span], (one) => one.instrumentationScope, writeSpan),
        ),
        decoded(type, ProtobufTraceSerializer.serializeRequest([span])!),
        `${length} times ${text.slice(0, 1)}`,
      )
    }
  }
})

t.test('times are exact to the nanosecond', async (t) => {
  const random = createRandom(7)
  const times: HrTime[] = [
    [0, 1],
    [1_700_000_000, 999_999_999],
    [18_446_744_072, 999_999_999],
  ]
  for (let count = 0; count < 500; count++) times.push(anyTime(random))
  for (const time of times) {
    const writer = new Writer(64)
    writeSpan(writer, ITEM, { ...anySpan(random), startTime: time })
    const { startTimeUnixNano } = Span.toObject(Span.decode(itemIn(writer)), { longs: String })
    t.equal(startTimeUnixNano, String(BigInt(time[0]) * 1_000_000_000n + BigInt(time[1])))
  }
})

t.test('values OTLP has no kind for are told as well as they can be', async (t) => {
  const cyclic: Record<string, unknown> = { name: 'self' }
  cyclic['self'] = cyclic
  const deep = { value: {} as object }
  for (let depth = 0; depth < 40; depth++) deep.value = { deeper: deep.value }
  const [log] = linesOf({
    date: new Date(0),
    big: 2n ** 62n,
    huge: 2n ** 64n,
    none: null,
    missing: undefined,
    url: new URL('http://localhost/x'),
    cyclic,
    buffer: Buffer.from('abc'),
    nested: { list: [1, 1.5, 'two', { three: true }] },
    error: Object.assign(new TypeError('broken'), { code: 'E_BROKEN' }),
  })
  t.match(log?.attributes, {
    date: '1970-01-01T00:00:00.000Z',
    big: Number(2n ** 62n),
    huge: '18446744073709551616',
    url: 'http://localhost/x',
    cyclic: { name: 'self', self: '[Circular]' },
    nested: { list: [1, 1.5, 'two', { three: true }] },
    error: { type: 'TypeError', message: 'broken', code: 'E_BROKEN', stack: String },
  })
  t.same(log?.attributes['none'], undefined)
  t.same(log?.attributes['buffer'], Buffer.from('abc'))
  t.match(JSON.stringify(linesOf({ deep })[0]?.attributes), /"\[Object\]"/)
})

t.test('values that throw when they are read cost themselves only', async (t) => {
  const hostile = {
    before: 1,
    get broken(): never {
      throw new Error('getter')
    },
    json: {
      toJSON(): never {
        throw new Error('toJSON')
      },
    },
    proxy: new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('trap')
        },
      },
    ),
    revoked: revokedProxy(),
    after: 'still there',
  }
  const logs = linesOf(hostile)
  t.equal(logs.length, 1)
  t.match(logs[0]?.attributes, { before: 1, after: 'still there' })
})

t.test('an object that holds others many times over ends', async (t) => {
  let value: object = { leaf: true }
  for (let depth = 0; depth < 11; depth++) value = Array.from({ length: 20 }, () => value)
  const [log] = linesOf({ value, after: 1 })
  t.equal(log?.attributes['after'], 1)
})

t.test('a line carries the ids of its span, and no more attributes than allowed', async (t) => {
  const context: SpanContext = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: 1,
  }
  const bodies: Body[] = []
  const builder = new BodyBuilder('logs', RESOURCE, NO_LIMITS, (body) => bodies.push(body))
  const line = {
    scope: 'sidelight/pino',
    timeUnixMs: 1_700_000_000_123.25,
    severityNumber: 17,
    severityText: 'error',
    body: 'x',
    attributes: { a: 1, b: 2, c: 3 },
  }
  builder.add({ name: 'sidelight/pino' }, line, (writer, tag, item) => {
    writeLine(writer, tag, item, context, { attributeCount: 2 })
  })
  builder.seal()
  t.match(decoded(ExportLogsServiceRequest, bodies[0]!.bytes), {
    resourceLogs: [
      {
        scopeLogs: [
          {
            scope: { name: 'sidelight/pino' },
            logRecords: [
              {
                timeUnixNano: '1700000000123250000',
                observedTimeUnixNano: '1700000000123250000',
                severityNumber: 17,
                severityText: 'error',
                traceId: Buffer.from(context.traceId, 'hex'),
                spanId: Buffer.from(context.spanId, 'hex'),
                flags: 1,
                droppedAttributesCount: 1,
                attributes: [{ key: 'a' }, { key: 'b' }],
              },
            ],
          },
        ],
      },
    ],
  })
})

t.test(
  'a body is sealed when it has its items or its bytes, and sections are kept apart',
  async (t) => {
    const bodies: Body[] = []
    const builder = new BodyBuilder(
      'traces',
      RESOURCE,
      { maxItems: 10, maxBytes: 5_000, maxDelayMs: 60_000 },
      (body) => bodies.push(body),
    )
    const random = createRandom(3)
    for (let count = 0; count < 25; count++) {
      const span = { ...anySpan(random), attributes: {}, events: [], links: [], name: 'x' }
      builder.add({ name: `scope ${count % 3}` }, span, writeSpan)
    }
    builder.seal()
    builder.seal()
    t.same(
      bodies.map(({ items }) => items),
      [10, 10, 5],
    )
    for (const { bytes } of bodies) {
      const { resourceSpans } = decoded(ExportTraceServiceRequest, bytes) as {
        resourceSpans: { scopeSpans: { scope: { name: string } }[] }[]
      }
      t.equal(resourceSpans.length, 1)
      t.same(resourceSpans[0]!.scopeSpans.map(({ scope }) => scope.name).sort(), [
        'scope 0',
        'scope 1',
        'scope 2',
      ])
    }
    const large = { ...anySpan(random), name: 'y'.repeat(6_000) }
    builder.add({ name: 'large' }, large, writeSpan)
    t.equal(bodies.length, 4, 'one that is larger than a body goes alone')
  },
)

t.test('scopes without end are not kept', async (t) => {
  const bodies: Body[] = []
  const builder = new BodyBuilder('traces', RESOURCE, { ...NO_LIMITS, maxItems: 100 }, (body) =>
    bodies.push(body),
  )
  const span = anySpan(createRandom(1))
  for (let count = 0; count < 1_000; count++)
    builder.add({ name: `scope ${count}` }, span, writeSpan)
  t.equal(bodies.length, 10)
  const names = bodies.flatMap(({ bytes }) => {
    const { resourceSpans } = decoded(ExportTraceServiceRequest, bytes) as {
      resourceSpans: { scopeSpans: unknown[] }[]
    }
    return resourceSpans[0]!.scopeSpans
  })
  t.equal(names.length, 1_000)
})

t.test('an item that cannot be encoded is left out and breaks nothing', async (t) => {
  const bodies: Body[] = []
  const builder = new BodyBuilder('traces', RESOURCE, NO_LIMITS, (body) => bodies.push(body))
  const span = anySpan(createRandom(5))
  const broken = {
    ...span,
    spanContext: () => {
      throw new Error('broken')
    },
  }
  builder.add({ name: 'a' }, span, writeSpan)
  builder.add({ name: 'a' }, broken as unknown as ReadableSpan, writeSpan)
  builder.add({ name: 'a' }, { ...span, name: 7 as unknown as string }, writeSpan)
  builder.seal()
  t.equal(bodies[0]?.items, 2)
  t.match(decoded(ExportTraceServiceRequest, bodies[0]!.bytes), {
    resourceSpans: [{ scopeSpans: [{ spans: [{ name: span.name }, { name: '7' }] }] }],
  })
})

function bodyOf<Item>(
  signal: 'traces' | 'logs',
  items: readonly Item[],
  scopeOf: (item: Item) => Scope,
  write: (writer: Writer, tag: number, item: Item) => void,
): Uint8Array {
  const bodies: Body[] = []
  const builder = new BodyBuilder(signal, RESOURCE, NO_LIMITS, (body) => bodies.push(body))
  for (const item of items) builder.add(scopeOf(item), item, write)
  builder.seal()
  return bodies[0]!.bytes
}

function linesOf(attributes: Readonly<Record<string, unknown>>) {
  const line = {
    scope: 's',
    timeUnixMs: 0,
    severityNumber: 9,
    severityText: 'info',
    body: 'b',
    attributes,
  }
  const bytes = bodyOf(
    'logs',
    [line],
    () => ({ name: 's' }),
    (writer, tag, item) => {
      writeLine(writer, tag, item, undefined, { attributeCount: 128 })
    },
  )
  return logsOf(
    ExportLogsServiceRequest.toObject(ExportLogsServiceRequest.decode(Buffer.from(bytes)), {
      longs: String,
      bytes: Buffer as never,
    }) as WireRequest,
  )
}

/** The content of the one item a writer holds. */
function itemIn(writer: Writer): Buffer {
  let start = 1
  while (writer.buffer[start]! > 0x7f) start++
  return writer.buffer.subarray(start + 1, writer.at)
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
