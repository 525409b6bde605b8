import { strict as assert } from 'node:assert'
import { encodingOf, MEDIA_TYPES, pathOf, sendHttp } from '../http'
import { httpOutcome, type Outcome } from '../export'
import { nanosFromNow, newService, without } from '../message'
import { readNames, readOne, readStored } from '../stored'
import type { Check, Message, Signal, Target } from '../target'
import { isFullSuccess } from './transport'

const TRACE_ID = '5B8EFFF798038103d269b633813fc60c'
const SPAN_ID = 'EEE19b7ec3c1b174'
const LINKED_ID = '00112233445566778899AABBCCDDEEFF'
const SPAN_PATH = ['resourceSpans', 'scopeSpans', 'spans'] as const
/** More than a double has digits for. */
const INT64_MAX = '9223372036854775807'
const INT64_MIN = '-9223372036854775808'
const ODD = '9007199254740993'

/** OTLP/JSON, written here by hand, for an encoder might share a decoder's mistakes. */
export const JSON_CHECKS: readonly Check[] = [
  {
    item: 27,
    claim:
      'ids are hex in either case, of spans, links, logs and exemplars; other bytes are base64',
    async run(target) {
      const link = { traceId: LINKED_ID, spanId: SPAN_ID.toLowerCase() }
      const attributes = [{ key: 'bytes', value: { bytesValue: '+/8=' } }]
      const span = await sentSpan(target, { parentSpanId: SPAN_ID, links: [link], attributes })
      assert.deepEqual(hexOf(span, ['traceId', 'spanId', 'parentSpanId']), [
        TRACE_ID.toLowerCase(),
        SPAN_ID.toLowerCase(),
        SPAN_ID.toLowerCase(),
      ])
      const [stored] = span['links'] as Message[]
      assert.deepEqual(hexOf(stored, ['traceId', 'spanId']), [
        LINKED_ID.toLowerCase(),
        SPAN_ID.toLowerCase(),
      ])
      assert.deepEqual(valueIn(span, 'bytes'), { bytesValue: Buffer.from([0xfb, 0xff]) })
      const log = await sentLog(target, { traceId: TRACE_ID, spanId: SPAN_ID })
      assert.deepEqual(hexOf(log, ['traceId', 'spanId']), [
        TRACE_ID.toLowerCase(),
        SPAN_ID.toLowerCase(),
      ])
      const exemplar = {
        timeUnixNano: nanosFromNow(),
        asDouble: 1,
        traceId: TRACE_ID,
        spanId: SPAN_ID,
      }
      const { exemplars } = await sentPoint(target, 'gauge', { asInt: 1, exemplars: [exemplar] })
      assert.deepEqual(hexOf((exemplars as Message[])[0], ['traceId', 'spanId']), [
        TRACE_ID.toLowerCase(),
        SPAN_ID.toLowerCase(),
      ])
    },
  },
  {
    item: 28,
    claim: 'enums are integers, of any value; their names are refused',
    async run(target) {
      const span = await sentSpan(target, { kind: 4, status: { code: 2 } })
      assert.equal(span['kind'], 4)
      assert.deepEqual(span['status'], { code: 2 })
      assert.equal((await sentSpan(target, { kind: 4_711 }))['kind'], 4_711)
      for (const named of [
        { kind: 'SPAN_KIND_SERVER' },
        { status: { code: 'STATUS_CODE_ERROR' } },
      ]) {
        const service = newService()
        const { code } = await post(target, 'traces', tracesJson(service, spanJson(named)))
        assert.equal(code, 400)
        await readNames(target, 'traces', service, 0)
      }
    },
  },
  {
    item: 29,
    claim: 'members of unknown names are ignored, whatever they hold',
    async run(target) {
      const strange = {
        aNewField: { spans: [1, [{}], 'x'], traceId: null },
        '': [],
        nested: [[[]]],
      }
      for (const signal of ['traces', 'metrics', 'logs'] as const) {
        const service = newService()
        const known = JSON.parse(soundJson(signal, service)) as Message
        const outcome = await post(
          target,
          signal,
          JSON.stringify({ ...strange, ...known, ...strange }),
        )
        isFullSuccess(outcome)
        await readStored(target, signal, service, 1)
      }
      assert.equal((await sentSpan(target, { ...strange, traceState: 'a=1' }))['traceState'], 'a=1')
    },
  },
  {
    item: 30,
    claim: 'keys in snake_case are unknown names',
    async run(target) {
      const span = await sentSpan(target, {
        trace_state: 'a=1',
        dropped_events_count: 3,
        parent_span_id: SPAN_ID,
      })
      for (const name of ['traceState', 'droppedEventsCount', 'parentSpanId']) {
        assert.equal(span[name], undefined, name)
      }
      const service = newService()
      const { traceId, ...rest } = spanJson({})
      const outcome = await post(
        target,
        'traces',
        tracesJson(service, { ...rest, trace_id: traceId }),
      )
      assert.equal(outcome.partialSuccess?.rejected, '1')
    },
  },
  {
    item: 31,
    claim: '64-bit integers are exact as numbers and as strings, wherever they occur',
    async run(target) {
      for (const quote of ['', '"']) await isExact(target, (digits) => `${quote}${digits}${quote}`)
    },
  },
  {
    item: 32,
    claim:
      'doubles may be strings, NaN and the infinities too; null and absent fields have their default',
    async run(target) {
      for (const [sent, value] of DOUBLES) {
        const point = await sentPoint(target, 'gauge', { asDouble: sent })
        assert.ok(
          Object.is(point['asDouble'], value),
          `${JSON.stringify(sent)} is ${String(value)}`,
        )
      }
      const attributes = [
        { key: 'a', value: { doubleValue: 'NaN' } },
        { key: 'b', value: { doubleValue: '-1.5' } },
      ]
      const absent = { kind: null, parentSpanId: null, links: null, status: null, flags: null }
      const span = await sentSpan(target, { ...absent, attributes })
      assert.deepEqual(valueIn(span, 'a'), { doubleValue: Number.NaN })
      assert.deepEqual(valueIn(span, 'b'), { doubleValue: -1.5 })
      for (const name of Object.keys(absent)) assert.equal(span[name], undefined, name)
      const service = newService()
      const bare = without(spanJson({}), 'kind')
      isFullSuccess(await post(target, 'traces', tracesJson(service, bare)))
      assert.equal((await readOne(target, 'traces', service))['kind'], undefined)
    },
  },
  {
    item: 33,
    claim: 'JSON is application/json, in requests and in answers',
    async run(target) {
      for (const body of [soundJson('traces', newService()), '{', '{"resourceSpans":1}']) {
        const answer = await sendHttp(target.httpUrl + pathOf('traces'), Buffer.from(body), {
          encoding: 'json',
        })
        assert.equal(encodingOf(answer), 'json')
        assert.doesNotThrow(() => void JSON.parse(answer.body.toString()))
      }
      for (const type of ['text/json', 'application/x-json']) {
        const headers = { 'content-type': type }
        const body = Buffer.from(soundJson('traces', newService()))
        const answer = await sendHttp(target.httpUrl + pathOf('traces'), body, { headers })
        assert.equal(answer.status, 415, type)
      }
      assert.equal(MEDIA_TYPES.json, 'application/json')
    },
  },
]

const DOUBLES: readonly (readonly [sent: unknown, value: number])[] = [
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['1.5', 1.5],
  ['-2e-3', -0.002],
  [3, 3],
  [2.5, 2.5],
  [0, 0],
]

/** The spans, log records and data points below have `write`d integers where OTLP has 64 bits. */
async function isExact(target: Target, write: (digits: string) => string): Promise<void> {
  // A nanosecond that a double would round away.
  const now = `${nanosFromNow().slice(0, -3)}123`
  const span = `{"traceId":"${TRACE_ID}","spanId":"${SPAN_ID}","name":"work","kind":1,
    "startTimeUnixNano":${write(now)},"endTimeUnixNano":${write(now)},
    "events":[{"timeUnixNano":${write(now)},"name":"e"}],
    "attributes":[${[ODD, INT64_MAX, INT64_MIN].map((digits) => intAttribute(digits, write))}]}`
  const stored = await sentText(target, 'traces', SPAN_PATH, span)
  assert.equal(stored['startTimeUnixNano'], now)
  assert.equal(stored['endTimeUnixNano'], now)
  assert.equal((stored['events'] as Message[])[0]?.['timeUnixNano'], now)
  for (const digits of [ODD, INT64_MAX, INT64_MIN]) {
    assert.deepEqual(valueIn(stored, digits), { intValue: digits })
  }
  const log = `{"timeUnixNano":${write(now)},"observedTimeUnixNano":${write(now)},"body":{"intValue":${write(ODD)}}}`
  const record = await sentText(target, 'logs', ['resourceLogs', 'scopeLogs', 'logRecords'], log)
  assert.equal(record['timeUnixNano'], now)
  assert.equal(record['observedTimeUnixNano'], now)
  assert.deepEqual(record['body'], { intValue: ODD })
  const times = `"timeUnixNano":${write(now)},"startTimeUnixNano":${write(now)}`
  const sum = `{"name":"m","sum":{"aggregationTemporality":2,"dataPoints":[{${times},"asInt":${write(INT64_MIN)}}]}}`
  const [point] = await sentPoints(target, sum, 'sum')
  assert.equal(point?.['asInt'], INT64_MIN)
  assert.equal(point['startTimeUnixNano'], now)
  const counts = `"count":${write(ODD)},"bucketCounts":[${write(ODD)}]`
  const histogram = `{"name":"m","histogram":{"aggregationTemporality":2,"dataPoints":[{${times},${counts}}]}}`
  const [buckets] = await sentPoints(target, histogram, 'histogram')
  assert.equal(buckets?.['count'], ODD)
  assert.deepEqual(buckets['bucketCounts'], [ODD])
}

function intAttribute(digits: string, write: (digits: string) => string): string {
  return `{"key":"${digits}","value":{"intValue":${write(digits)}}}`
}

/** The ids of the message in hex. */
function hexOf(message: Message | undefined, names: readonly string[]): string[] {
  return names.map((name) => Buffer.from((message?.[name] ?? []) as Uint8Array).toString('hex'))
}

function valueIn(item: Message, key: string): unknown {
  return (item['attributes'] as Message[]).find((pair) => pair['key'] === key)?.['value']
}

function spanJson(fields: Message): Message {
  const now = nanosFromNow()
  return {
    traceId: TRACE_ID,
    spanId: SPAN_ID,
    name: 'work',
    kind: 1,
    startTimeUnixNano: now,
    endTimeUnixNano: now,
    ...fields,
  }
}

function tracesJson(service: string, span: Message): string {
  return wrap(service, SPAN_PATH, JSON.stringify(span))
}

function soundJson(signal: Signal, service: string): string {
  const now = nanosFromNow()
  if (signal === 'traces') return tracesJson(service, spanJson({}))
  if (signal === 'logs') {
    const record = JSON.stringify({ timeUnixNano: now, body: { stringValue: 'work' } })
    return wrap(service, ['resourceLogs', 'scopeLogs', 'logRecords'], record)
  }
  const metric = { name: 'work', gauge: { dataPoints: [{ timeUnixNano: now, asInt: 1 }] } }
  return wrap(service, ['resourceMetrics', 'scopeMetrics', 'metrics'], JSON.stringify(metric))
}

function wrap(service: string, path: readonly [string, string, string], item: string): string {
  const resource = `{"attributes":[{"key":"service.name","value":{"stringValue":"${service}"}}]}`
  return `{"${path[0]}":[{"resource":${resource},"${path[1]}":[{"${path[2]}":[${item}]}]}]}`
}

async function post(target: Target, signal: Signal, json: string): Promise<Outcome> {
  const url = target.httpUrl + pathOf(signal)
  return httpOutcome(signal, await sendHttp(url, Buffer.from(json), { encoding: 'json' }))
}

async function sentText(
  target: Target,
  signal: Signal,
  path: readonly [string, string, string],
  item: string,
): Promise<Message> {
  const service = newService()
  isFullSuccess(await post(target, signal, wrap(service, path, item)))
  return readOne(target, signal, service)
}

function sentSpan(target: Target, fields: Message): Promise<Message> {
  return sentText(target, 'traces', SPAN_PATH, JSON.stringify(spanJson(fields)))
}

function sentLog(target: Target, fields: Message): Promise<Message> {
  const record = { timeUnixNano: nanosFromNow(), body: { stringValue: 'work' }, ...fields }
  const path = ['resourceLogs', 'scopeLogs', 'logRecords'] as const
  return sentText(target, 'logs', path, JSON.stringify(record))
}

async function sentPoint(target: Target, kind: 'gauge', fields: Message): Promise<Message> {
  const point = { timeUnixNano: nanosFromNow(), ...fields }
  const metric = JSON.stringify({ name: 'work', [kind]: { dataPoints: [point] } })
  const [stored] = await sentPoints(target, metric, kind)
  return stored ?? {}
}

async function sentPoints(target: Target, metric: string, kind: string): Promise<Message[]> {
  const path = ['resourceMetrics', 'scopeMetrics', 'metrics'] as const
  const stored = await sentText(target, 'metrics', path, metric)
  return ((stored[kind] ?? {}) as Message)['dataPoints'] as Message[]
}
