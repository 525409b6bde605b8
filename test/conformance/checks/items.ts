import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { keyValues } from '../../helpers/otlp'
import { send, type Way, WAYS } from '../export'
import { itemOf, logRecord, nameIn, nanosFromNow, newService, requestOf, span } from '../message'
import { canonicalEnvelope, canonicalItem, readNames, readOne, readStored } from '../stored'
import { type Check, type Message, type Signal, SIGNALS, type Target } from '../target'
import { isFullSuccess } from './transport'

/** Ids that no span can have, of bytes. */
const BAD_TRACE_IDS = [
  Buffer.alloc(0),
  Buffer.alloc(16),
  randomBytes(15),
  randomBytes(17),
  randomBytes(8),
]
const BAD_SPAN_IDS = [Buffer.alloc(0), Buffer.alloc(8), randomBytes(7), randomBytes(16)]
/** Every bit is somebody's: W3C flags, whether the parent is remote, and those that later versions may give a meaning. */
const FLAGS = 0xa5_00_03_01

/** What spans and log records are, and what they come in. */
export const ITEM_CHECKS: readonly Check[] = [
  {
    item: 44,
    claim:
      'spans of invalid ids, own or parent’s, are rejected one by one; links of invalid ids are kept as they are',
    async run(target) {
      const faulty = [
        ...BAD_TRACE_IDS.map((traceId) => span('faulty', { traceId })),
        ...BAD_SPAN_IDS.map((spanId) => span('faulty', { spanId })),
        span('faulty', { parentSpanId: randomBytes(7) }),
      ]
      const links = [{ traceId: randomBytes(3), spanId: Buffer.alloc(8) }]
      for (const way of WAYS) {
        const service = newService()
        const items = [span('first'), ...faulty, span('last', { links })]
        const { isSuccess, partialSuccess } = await send(
          target,
          way,
          'traces',
          requestOf('traces', service, items),
        )
        assert.ok(isSuccess, 'the good spans are accepted')
        assert.equal(partialSuccess?.rejected, String(faulty.length))
        assert.match(partialSuccess.message, /trace_?id/i)
        assert.deepEqual(await readNames(target, 'traces', service, 2), ['first', 'last'])
        const [, last] = await readStored(target, 'traces', service, 2)
        const [link] = canonicalItem('traces', last?.item ?? {})['links'] as Message[]
        assert.deepEqual(link, { traceId: links[0]?.traceId, spanId: links[0]?.spanId })
      }
    },
  },
  {
    item: 45,
    claim: 'log records of an invalid id are kept, without that id',
    async run(target) {
      for (const way of WAYS) {
        const service = newService()
        const ids = { traceId: randomBytes(16), spanId: randomBytes(8) }
        const items = [
          ...BAD_TRACE_IDS.map((traceId) => logRecord('trace', { ...ids, traceId })),
          ...BAD_SPAN_IDS.map((spanId) => logRecord('span', { ...ids, spanId })),
        ]
        isFullSuccess(await send(target, way, 'logs', requestOf('logs', service, items)))
        for (const { item } of await readStored(target, 'logs', service, items.length)) {
          const kept = nameIn(item) === 'span' ? { traceId: ids.traceId } : { spanId: ids.spanId }
          const { traceId, spanId } = canonicalItem('logs', item)
          assert.deepEqual({ traceId, spanId }, { traceId: undefined, spanId: undefined, ...kept })
        }
      }
    },
  },
  {
    item: 46,
    claim: 'all 32 bits of flags are kept, of spans, links and log records',
    async run(target) {
      for (const way of WAYS) {
        const links = [{ traceId: randomBytes(16), spanId: randomBytes(8), flags: FLAGS }]
        const stored = await sentOne(target, way, 'traces', span('work', { flags: FLAGS, links }))
        assert.equal(stored['flags'], FLAGS)
        assert.equal((stored['links'] as Message[])[0]?.['flags'], FLAGS)
        assert.equal(
          (await sentOne(target, way, 'logs', logRecord('work', { flags: FLAGS })))['flags'],
          FLAGS,
        )
      }
    },
  },
  {
    item: 47,
    claim: 'a span of no kind is kept, as of no kind',
    async run(target) {
      for (const way of WAYS) {
        assert.equal(
          (await sentOne(target, way, 'traces', span('work', { kind: 0 })))['kind'],
          undefined,
        )
      }
    },
  },
  {
    item: 56,
    claim:
      'a log record is found under its time, else under the time it was observed; its event name is kept',
    async run(target) {
      for (const way of WAYS) {
        const timeUnixNano = nanosFromNow(-3_000)
        const observedTimeUnixNano = nanosFromNow(-1_000)
        const both = { timeUnixNano, observedTimeUnixNano, eventName: 'order.placed' }
        const observed = { timeUnixNano: '0', observedTimeUnixNano }
        for (const [fields, time] of [
          [both, timeUnixNano],
          [observed, observedTimeUnixNano],
        ] as const) {
          const service = newService()
          const record = logRecord('work', fields)
          isFullSuccess(await send(target, way, 'logs', requestOf('logs', service, [record])))
          const [stored] = await readStored(target, 'logs', service, 1)
          assert.equal(stored?.timeUnixNano, time)
          const item = canonicalItem('logs', stored.item)
          assert.deepEqual(item, canonicalItem('logs', record))
        }
      }
    },
  },
  {
    item: 57,
    claim: 'schema URLs, scope attributes, entity references and dropped counts are kept',
    async run(target) {
      for (const signal of SIGNALS) {
        for (const way of WAYS) await isEnvelopeKept(target, way, signal)
      }
      const counts = {
        droppedAttributesCount: 1,
        droppedEventsCount: 2,
        droppedLinksCount: 4_294_967_295,
      }
      const events = [{ timeUnixNano: nanosFromNow(), name: 'e', droppedAttributesCount: 3 }]
      const links = [
        { traceId: randomBytes(16), spanId: randomBytes(8), droppedAttributesCount: 5 },
      ]
      const sent = span('work', { ...counts, events, links })
      assert.deepEqual(await sentOne(target, 'json', 'traces', sent), canonicalItem('traces', sent))
      const record = logRecord('work', { droppedAttributesCount: 7 })
      assert.equal((await sentOne(target, 'json', 'logs', record))['droppedAttributesCount'], 7)
    },
  },
  {
    item: 58,
    claim:
      'an exception is kept as an event of its span and as a log record, and either names the other’s span',
    async run(target) {
      const exception = keyValues({
        'exception.type': 'TypeError',
        'exception.message': 'x is not a function',
        'exception.stacktrace': 'TypeError: x is not a function\n    at main.js:1:1',
      })
      const ids = { traceId: randomBytes(16), spanId: randomBytes(8) }
      for (const way of WAYS) {
        const event = { timeUnixNano: nanosFromNow(), name: 'exception', attributes: exception }
        const stored = await sentOne(
          target,
          way,
          'traces',
          span('work', { ...ids, events: [event] }),
        )
        const record = logRecord('failed', { ...ids, severityNumber: 17, attributes: exception })
        const log = await sentOne(target, way, 'logs', record)
        const [kept] = stored['events'] as Message[]
        assert.equal(kept?.['name'], 'exception')
        assert.deepEqual(kept['attributes'], log['attributes'])
        assert.deepEqual(log['attributes'], canonicalItem('logs', record)['attributes'])
        assert.deepEqual([log['traceId'], log['spanId']], [stored['traceId'], stored['spanId']])
      }
    },
  },
]

/** Sends one item for a service of its own and reads it back. */
export async function sentOne(
  target: Target,
  way: Way,
  signal: Signal,
  item: Message,
): Promise<Message> {
  const service = newService()
  isFullSuccess(await send(target, way, signal, requestOf(signal, service, [item])))
  return readOne(target, signal, service)
}

async function isEnvelopeKept(target: Target, way: Way, signal: Signal): Promise<void> {
  const service = newService()
  const fields = {
    resource: {
      attributes: keyValues({ 'host.name': 'a', n: 1 }),
      droppedAttributesCount: 6,
      entityRefs: [
        {
          schemaUrl: 'https://entity',
          type: 'host',
          idKeys: ['host.name'],
          descriptionKeys: ['n'],
        },
      ],
    },
    resourceSchemaUrl: 'https://resource',
    scope: {
      name: 'library',
      version: '1.2.3',
      attributes: keyValues({ short: true, list: [1, 'a'] }),
      droppedAttributesCount: 9,
    },
    scopeSchemaUrl: 'https://scope',
  }
  const request = requestOf(signal, service, [itemOf(signal, 'work')], fields)
  isFullSuccess(await send(target, way, signal, request))
  const [stored] = await readStored(target, signal, service, 1)
  const { resource, scope, resourceSchemaUrl, scopeSchemaUrl } = stored ?? {}
  const own = keyValues({ 'service.name': service })
  const sentResource = { ...fields.resource, attributes: [...own, ...fields.resource.attributes] }
  assert.deepEqual(
    canonicalEnvelope('Resource', resource),
    canonicalEnvelope('Resource', sentResource),
  )
  const scopeType = 'InstrumentationScope'
  assert.deepEqual(canonicalEnvelope(scopeType, scope), canonicalEnvelope(scopeType, fields.scope))
  assert.equal(resourceSchemaUrl, fields.resourceSchemaUrl)
  assert.equal(scopeSchemaUrl, fields.scopeSchemaUrl)
}
