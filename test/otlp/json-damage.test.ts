import { isUtf8 } from 'node:buffer'
import t from 'tap'
import { BadData } from '../../collector/errors'
import { protobufFromJson } from '../../collector/otlp/json'
import {
  EXPORT_LOGS_SERVICE_REQUEST,
  EXPORT_METRICS_SERVICE_REQUEST,
  EXPORT_TRACE_SERVICE_REQUEST,
} from '../../collector/otlp/schema'
import {
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
} from '../helpers/otlp'
import { generate, Random } from './json-generator'

const SIGNALS = [
  ['trace', EXPORT_TRACE_SERVICE_REQUEST, ExportTraceServiceRequest],
  ['metric', EXPORT_METRICS_SERVICE_REQUEST, ExportMetricsServiceRequest],
  ['log', EXPORT_LOGS_SERVICE_REQUEST, ExportLogsServiceRequest],
] as const
const MUTATIONS_PER_SIGNAL = 20_000
/** Fragments that matter to a reader of JSON. */
const FRAGMENTS = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '-',
  '.',
  'e',
  '0',
  '9',
  'null',
  '\\u',
  '\n',
  ' ',
  '\ud800',
]

for (const [signal, schema, type] of SIGNALS) {
  t.test(`a ${signal} body cut at any byte is BadData`, (t) => {
    const body = bodyOf(type, 5)
    const others: unknown[] = []
    for (let length = 0; length < body.length; length++) {
      const error = attempt(() => protobufFromJson(body.subarray(0, length), schema))
      if (!(error instanceof BadData)) others.push([length, error])
    }
    t.strictSame(others, [])
    t.equal(
      attempt(() => protobufFromJson(body, schema)),
      undefined,
    )
    t.end()
  })

  t.test(
    `a mutated ${signal} body is BadData or well-formed protobuf, and BadData whenever it is no JSON`,
    (t) => {
      const random = new Random(1)
      const bodies = Array.from({ length: 20 }, (_, seed) => bodyOf(type, seed))
      const outcomes = { refused: 0, read: 0 }
      for (let round = 0; round < MUTATIONS_PER_SIGNAL; round++) {
        const body = mutate(random, random.pick(bodies))
        const isJson = attempt(() => JSON.parse(body.toString())) === undefined
        let protobuf: Buffer | undefined
        const error = attempt(() => (protobuf = protobufFromJson(body, schema)))
        if (protobuf) {
          // protobufjs insists on UTF-8, which we leave to the translator.
          if (isUtf8(body)) type.decode(protobuf)
          outcomes.read++
          if (!isJson) t.fail('what is no JSON was read', { body: body.toString() })
        } else {
          outcomes.refused++
          if (!(error instanceof BadData)) t.fail('not BadData', { error, body: body.toString() })
          else if (isJson && error.message.includes(' at byte ')) {
            t.fail('a syntax error in what is JSON', { error, body: body.toString() })
          }
        }
      }
      t.ok(outcomes.read > 100 && outcomes.refused > 100, JSON.stringify(outcomes))
      t.end()
    },
  )
}

t.test('hostile nesting is BadData, wherever it stands', (t) => {
  const known = '{"resourceSpans":[{"resource":{"attributes":[{"value":'
  for (const [name, body] of [
    ['arrays', '['.repeat(1_000_000)],
    ['unknown arrays', `{"x":${'['.repeat(1_000_000)}`],
    ['unknown objects', '{"x":'.repeat(1_000_000)],
    ['closed arrays', `{"x":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
    ['array values', known + '{"arrayValue":{"values":['.repeat(500_000)],
    ['maps', known + '{"kvlistValue":{"values":[{"value":'.repeat(300_000)],
  ] as const) {
    t.throws(
      () => protobufFromJson(Buffer.from(body), EXPORT_TRACE_SERVICE_REQUEST),
      { name: 'BadData', message: /cannot read OTLP\/JSON/ },
      name,
    )
  }
  t.end()
})

t.test('deep values that a translator can still refuse one by one are translated whole', (t) => {
  const depth = 3_000
  const value = `${'{"arrayValue":{"values":['.repeat(depth)}{"stringValue":"innermost"}${']}}'.repeat(depth)}`
  const body = Buffer.from(`{"resourceSpans":[{"resource":{"attributes":[{"value":${value}}]}}]}`)
  let rest = protobufFromJson(body, EXPORT_TRACE_SERVICE_REQUEST)
  const tags: number[] = []
  while (rest[0] !== 0x69) {
    tags.push(rest[0] as number)
    const { length, start } = readLength(rest)
    if (start + length !== rest.length) throw new Error('a message does not fill the one around it')
    rest = rest.subarray(start)
  }
  t.equal(rest.toString(), 'innermost')
  t.equal(tags.length, 4 + 2 * depth + 1)
  t.end()
})

t.test('numbers of a million digits cost no more than reading them', (t) => {
  const zeros = '0'.repeat(1_000_000)
  for (const number of [`1${zeros}1`, `0.${zeros}1`, `1${zeros}`, `1e1${zeros}`, `1e-1${zeros}`]) {
    t.throws(
      () => protobufFromJson(Buffer.from(spanStarting(number)), EXPORT_TRACE_SERVICE_REQUEST),
      { name: 'BadData' },
    )
  }
  const exact = protobufFromJson(
    Buffer.from(spanStarting(`5.${zeros}`)),
    EXPORT_TRACE_SERVICE_REQUEST,
  )
  t.equal(exact.readBigUInt64LE(exact.length - 8), 5n)
  t.end()
})

function spanStarting(number: string): string {
  return `{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":${number}}]}]}]}`
}

/** A generated body of some size. */
function bodyOf(type: (typeof SIGNALS)[number][2], seed: number): Buffer {
  for (let attempt = 0; ; attempt++) {
    const body = Buffer.from(generate(new Random(seed * 1000 + attempt), type).json)
    if (body.length > 500 && body.length < 5_000) return body
  }
}

function mutate(random: Random, original: Buffer): Buffer {
  let body = original
  for (let count = 1 + random.below(2); count > 0; count--) {
    const at = random.below(body.length)
    const end = Math.min(body.length, at + random.below(4))
    switch (random.below(5)) {
      case 0:
        body = splice(body, at, end, Buffer.alloc(0))
        break
      case 1:
        body = splice(body, at, at + 1, Buffer.from([random.below(256)]))
        break
      case 2:
        body = splice(body, at, end, Buffer.from(random.pick(FRAGMENTS)))
        break
      case 3:
        body = splice(body, at, at, Buffer.from(random.pick(FRAGMENTS)))
        break
      default: {
        const from = random.below(body.length)
        body = splice(body, at, at, body.subarray(from, from + random.below(40)))
      }
    }
  }
  return body
}

function splice(body: Buffer, start: number, end: number, inserted: Uint8Array): Buffer {
  return Buffer.concat([body.subarray(0, start), inserted, body.subarray(end)])
}

function readLength(bytes: Buffer): { length: number; start: number } {
  let length = 0
  let start = 1
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[start++] as number
    length += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return { length, start }
  }
}

function attempt(action: () => unknown): unknown {
  try {
    action()
    return undefined
  } catch (error) {
    return error
  }
}
