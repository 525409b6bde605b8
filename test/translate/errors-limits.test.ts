import t from 'tap'
import { UNLIMITED } from '../../collector/translate/limits'
import { Span } from '../helpers/otlp'
import {
  createErrorTranslator,
  exceptionEvent,
  fault,
  NOON_MS,
  NOON_NS,
  onlyThrow,
} from './translated-errors'

t.setTimeout(120_000)

const SERVER = 2
const ERROR = { code: 2 }

/** A letter each, so that no number is taken out of it. */
function placeOf(index: number): string {
  return [...String(index)].map((digit) => 'abcdefghij'[Number(digit)]).join('')
}

function faults(count: number, from = 0) {
  return Array.from({ length: count }, (_, index) => ({
    events: [exceptionEvent(fault('no money', placeOf(from + index)))],
  }))
}

t.test('above the cap of a service, errors are counted as one, and how many', (t) => {
  const { spans } = createErrorTranslator({ limits: { ...UNLIMITED, maxErrors: 3 } })
  const told = spans(faults(5))
  const counts = new Map<string, number>()
  for (const { hash } of told.throws) counts.set(hash, (counts.get(hash) ?? 0) + 1)
  t.strictSame([...counts.values()], [1, 1, 1, 2])
  t.equal(told.overflowed.error_group_hash, 2)
  t.match([...told.groups.values()].at(-1), ['exception', '(overflow)'])
  t.equal(told.groups.size, 4)
  t.equal(spans(faults(3)).overflowed.error_group_hash, 0, 'those known go on')
  t.equal(spans(faults(3), { service: 'bank' }).overflowed.error_group_hash, 0)
  const tomorrow = { receivedMs: NOON_MS + 86_400_000 }
  t.equal(spans(faults(3, 10), tomorrow).overflowed.error_group_hash, 0, 'a day begins anew')
  t.end()
})

t.test('there is a cap for all services together', (t) => {
  const limits = { ...UNLIMITED, maxErrors: 3, maxErrorsOverall: 4 }
  const { spans } = createErrorTranslator({ limits })
  t.equal(spans(faults(3), { service: 'a' }).overflowed.error_group_hash, 0)
  t.equal(spans(faults(3), { service: 'b' }).overflowed.error_group_hash, 2)
  t.equal(spans(faults(3), { service: 'a' }).overflowed.error_group_hash, 0)
  t.end()
})

t.test('above the cap of a service, releases are as if none had been named', (t) => {
  const { spans, records } = createErrorTranslator({ limits: { ...UNLIMITED, maxResources: 2 } })
  const releaseOf = (version: string) => {
    const resource = { attributes: { 'service.version': version } }
    const told = spans(faults(1), { resource })
    t.equal(
      told.dictionary.filter(({ dictionary }) => dictionary === 'release').length,
      +told.throws[0]!.release.includes('.'),
    )
    const [record] = records([{ severityNumber: 17, body: 'no' }], { resource }).throws
    t.equal(record?.release, told.throws[0]?.release)
    return [onlyThrow(told).release, told.overflowed.release]
  }
  t.strictSame(['1.0', '1.1', '1.2', '1.0'].map(releaseOf), [
    ['1.0', 0],
    ['1.1', 0],
    ['', 1],
    ['1.0', 0],
  ])
  t.end()
})

t.test('beyond the cap, few errors a second are looked at', (t) => {
  const { spans } = createErrorTranslator({ limits: { ...UNLIMITED, maxErrors: 1 } })
  spans(faults(1))
  const begun = process.cpuUsage().user
  const told = spans(faults(2_000, 1))
  const micros = process.cpuUsage().user - begun
  t.equal(told.throws.length, 2_000)
  t.equal(told.overflowed.error_group_hash, 2_000)
  t.equal(told.groups.size, 1)
  t.ok(micros < 5_000_000, `${micros} µs`)
  t.end()
})

t.test('a request has so many throws and failures; the rest is counted', (t) => {
  const { spans } = createErrorTranslator()
  const failed = { kind: SERVER, status: ERROR }
  const told = spans(Array.from({ length: 100_000 }, () => failed))
  t.equal(told.accepted, 100_000)
  t.equal(told.candidates.length, 10_000)
  t.equal(told.throwsLeftOut, 90_000)
  const occurrences = told.candidates.filter(({ occurrence }) => occurrence !== null)
  t.ok(occurrences.length < 20, 'log-spaced')
  t.equal(spans([failed]).throwsLeftOut, 0)
  t.end()
})

t.test('texts are kept up to their limits, in whole characters', (t) => {
  const { spans } = createErrorTranslator()
  const message = `${'é'.repeat(500_000)}`
  const stack = `Error: x\n${'    at pay (/srv/app/pay.js:1:1)\n'.repeat(30_000)}`
  const attributes = { big: 'x'.repeat(1_000_000), kept: 1, 'user.id': 'u'.repeat(10_000) }
  const events = [exceptionEvent({ name: 'Error', message, stack })]
  const { occurrence } = onlyThrow(spans([{ events, attributes }]))
  t.equal(occurrence?.message, 'é'.repeat(4_096))
  t.equal(occurrence?.stackTrace?.length, 65_536)
  t.ok(occurrence?.isIncomplete, 'what was cut is incomplete')
  t.equal(occurrence?.userId?.length, 256)
  const json = occurrence?.attributesJson ?? ''
  t.ok(json.length <= 16_384)
  t.equal((JSON.parse(json) as { kept: number }).kept, 1)
  t.end()
})

t.test('many exceptions of one span with large attributes do not multiply these', (t) => {
  const { spans } = createErrorTranslator()
  const attributes = Object.fromEntries(
    Array.from({ length: 4 }, (_, index) => [`a${index}`, 'x'.repeat(4_000)]),
  )
  const events = Array.from({ length: 2_000 }, (_, index) =>
    exceptionEvent({ name: `E${placeOf(index)}`, message: placeOf(index) }),
  )
  const { throws } = spans([{ attributes, events }])
  t.equal(throws.length, 2_000)
  const bytes = throws.reduce((sum, one) => sum + (one.occurrence?.attributesJson?.length ?? 0), 0)
  t.ok(bytes > 0 && bytes < 2_500_000, `${bytes} bytes`)
  t.end()
})

t.test('a text is looked through for a stack once, whatever it is made of', (t) => {
  const { records } = createErrorTranslator()
  for (const blank of ['\n', '\r', '\r\n', ' \n', ' ', '\u2028']) {
    const body = blank.repeat(60_000 / blank.length)
    const begun = process.cpuUsage().user
    records([{ severityNumber: 17, body }, { attributes: { err: body } }])
    const micros = process.cpuUsage().user - begun
    t.ok(micros < 1_000_000, `${encodeURI(blank)}: ${micros} µs`)
  }
  t.end()
})

t.test('NUL and broken UTF-8 become U+FFFD wherever they are', (t) => {
  const { body, spans, records } = createErrorTranslator()
  const told = spans(
    [
      {
        events: [
          exceptionEvent({ name: 'E\0', message: 'a\0b', stack: 'E\0: a\n    at f (/a\0.js:1:1)' }),
        ],
        attributes: { 'user.id': '\0' },
      },
    ],
    { resource: { attributes: { 'service.version': '1\0' } } },
  )
  const everything = JSON.stringify([told.throws, told.dictionary], (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  t.notMatch(everything, /\\u0000/)
  t.match(onlyThrow(told), { release: '1\ufffd', occurrence: { message: 'a\ufffdb' } })
  t.match(onlyThrow(records([{ severityNumber: 17, body: 'a\0b' }])).occurrence, {
    message: 'a\ufffdb',
  })
  const marker = Buffer.from('WXYZ')
  const { body: broken } = brokenRequest(marker)
  t.equal(onlyThrow(body('traces', broken, NOON_MS)).occurrence?.message, 'a\ufffd\ufffd\ufffdbb')
  t.end()
})

t.test('fields in any order and split mean the same', (t) => {
  const { body, spans } = createErrorTranslator()
  const event = exceptionEvent(fault('no money'))
  const traceId = '0102030405060708090a0b0c0d0e0f10'
  const spanId = '1112131415161718'
  const span = {
    traceId,
    spanId,
    kind: SERVER,
    name: 'a',
    status: ERROR,
    events: [event],
    attributes: { 'user.id': 'ann' },
  }
  const expected = onlyThrow(spans([span]))
  const parts = [
    { events: [wire(event)] },
    { status: ERROR },
    { attributes: [{ key: 'user.id', value: { stringValue: 'ann' } }] },
    {
      name: 'a',
      kind: SERVER,
      startTimeUnixNano: String(NOON_NS),
      endTimeUnixNano: String(NOON_NS),
    },
    { traceId: Buffer.from(traceId, 'hex'), spanId: Buffer.from(spanId, 'hex') },
  ].map((part) => Buffer.from(Span.encode(Span.fromObject(part)).finish()))
  for (const order of [parts, [...parts].reverse()]) {
    const { body: whole } = wrap(Buffer.concat(order))
    const translator = createErrorTranslator()
    t.match(onlyThrow(translator.body('traces', whole, NOON_MS)), {
      hash: expected.hash,
      scope: expected.scope,
      severity: 17,
      userHash: expected.userHash,
    })
  }
  t.ok(body)
  t.end()
})

/** An event as protobufjs wants it. */
function wire({ name, timeUnixNano, attributes }: ReturnType<typeof exceptionEvent>): object {
  return {
    name,
    timeUnixNano: String(timeUnixNano),
    attributes: Object.entries(attributes).map(([key, stringValue]) => ({
      key,
      value: { stringValue },
    })),
  }
}

/** A request of one span of the service `shop`, given as its bytes. */
function wrap(span: Buffer): { body: Buffer } {
  const field = (tag: number, bytes: Buffer) => {
    const length: number[] = []
    let rest = bytes.length
    for (; rest > 0x7f; rest >>>= 7) length.push((rest & 0x7f) | 0x80)
    return Buffer.concat([Buffer.from([tag, ...length, rest]), bytes])
  }
  const text = (tag: number, value: string) => field(tag, Buffer.from(value))
  const name = Buffer.concat([text(0x0a, 'service.name'), field(0x12, text(0x0a, 'shop'))])
  const resource = field(0x0a, field(0x0a, name))
  return { body: field(0x0a, Buffer.concat([resource, field(0x12, field(0x12, span))])) }
}

function brokenRequest(marker: Buffer): { body: Buffer } {
  const event = wire(exceptionEvent({ name: 'Error', message: `a${marker.toString()}b` }))
  const span = Span.fromObject({
    traceId: Buffer.alloc(16, 1),
    spanId: Buffer.alloc(8, 1),
    startTimeUnixNano: String(NOON_NS),
    endTimeUnixNano: String(NOON_NS),
    events: [event],
  })
  const bytes = Buffer.from(Span.encode(span).finish())
  // A surrogate in UTF-8, which is three broken sequences, and NUL.
  const at = bytes.indexOf(marker)
  Buffer.from([0xed, 0xa0, 0x80]).copy(bytes, at)
  bytes[at + 3] = 0x62
  return wrap(bytes)
}
