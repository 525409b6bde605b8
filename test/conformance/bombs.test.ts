import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { Writer } from 'protobufjs'
import { anyValue, type Encoding } from '../helpers/otlp'
import { padTo } from './checks/answers'
import { isFullSuccess } from './checks/transport'
import { encode, send, sendBytes, type Way, WAYS } from './export'
import { frame, GRPC, methodOf, withConnection } from './grpc'
import { pathOf, sendHttp } from './http'
import { attributesIn, itemOf, list, nameIn, newService, requestOf, span } from './message'
import { startSidelight } from './sidelight'
import { canonicalItem, readNames, readStored } from './stored'
import { type Message, type Signal, SIGNALS } from './target'

const KIB = 1_024
const MIB = KIB * KIB
/** What a collector may take in memory when it has nothing to do, and what all requests under way may take besides. */
const FLOOR_BYTES = 160 * MIB
const ADMISSION_BYTES = 128 * MIB
const MAX_BODY_BYTES = 64 * MIB
const MAX_ATTRIBUTE_BYTES = 256 * KIB
const BOMB_MEMBERS = 10 * KIB
const DEEP = 10_000
/** Fewer levels than JSON may have, and more than values. */
const LESS_DEEP = 1_000
/** The fields AnyValue.string_value, AnyValue.array_value and ArrayValue.values, as they begin on the wire. */
const STRING_VALUE = 0x0a
const ARRAY_VALUE = 0x2a
const VALUES = 0x0a
const INT64_MAX = '9223372036854775807'
const GZIP = { 'content-encoding': 'gzip' } as const

const NESTED_ARRAYS = nestedArrays()
const oversized = new Map<Encoding, Buffer>()

const starting = startSidelight(t)

interface Bomb {
  readonly name: string
  /** Of a body that is compressed already, where it is. */
  readonly body: (way: Way) => Buffer
  readonly isGzip?: boolean
  readonly http: number
  readonly grpc: number
}

/** Requests that are refused as a whole. */
const BOMBS: readonly Bomb[] = [
  {
    name: '10 GB in 10 MB of gzip',
    body: () => tenGigabytes(),
    isGzip: true,
    http: 413,
    grpc: GRPC.resourceExhausted,
  },
  {
    name: 'one byte too many',
    body: (way) => oversize(way),
    http: 413,
    grpc: GRPC.resourceExhausted,
  },
  {
    name: 'one byte too many after decompression',
    body: (way) => gzipSync(oversize(way), { level: 1 }),
    isGzip: true,
    http: 413,
    grpc: GRPC.resourceExhausted,
  },
  {
    name: 'gzip without its end',
    body: (way) => gzipSync(soundBody(way)).subarray(0, -1),
    isGzip: true,
    http: 400,
    // Decompression that fails is INTERNAL (gRPC, Compression).
    grpc: GRPC.internal,
  },
]

for (const { name, body, isGzip = false, http, grpc } of BOMBS) {
  t.test(`${name}: refused, and the next request is stored`, async (t) => {
    const receiver = await starting
    for (const way of WAYS) {
      const bytes = body(way)
      const code =
        way === 'grpc' ? await overGrpc(bytes, isGzip) : await overHttp(way, bytes, isGzip)
      t.equal(code, way === 'grpc' ? grpc : http, way)
      const service = newService()
      const request = requestOf('traces', service, [span('neighbour')])
      isFullSuccess(await send(receiver, way, 'traces', request))
      t.same(await readNames(receiver, 'traces', service, 1), ['neighbour'])
    }
  })
}

t.test('a wrong Content-Type: refused, and the next request is stored', async (t) => {
  const receiver = await starting
  const headers = { 'content-type': 'text/plain' }
  const answer = await sendHttp(receiver.httpUrl + pathOf('traces'), soundBody('json'), { headers })
  t.equal(answer.status, 415)
  const status = await withConnection(receiver.grpcAddress, async (connection) => {
    const call = await connection.send(methodOf('traces'), frame(soundBody('grpc')), headers)
    return call.httpStatus
  })
  t.equal(status, 415)
  const service = newService()
  isFullSuccess(
    await send(receiver, 'grpc', 'traces', requestOf('traces', service, [span('neighbour')])),
  )
  await readNames(receiver, 'traces', service, 1)
})

t.test(
  'JSON with 10,000 objects in each other: refused, whether anybody knows them or not',
  async (t) => {
    const receiver = await starting
    const deep = `${'{"arrayValue":{"values":['.repeat(DEEP)}{}${']}}'.repeat(DEEP)}`
    for (const [name, open, close] of [
      ['known', '{"resourceSpans":[{"resource":{"attributes":[{"key":"k","value":', '}]}}]}'],
      ['unknown', '{"other":', '}'],
    ] as const) {
      const body = Buffer.from(open + deep + close)
      t.equal((await sendBytes(receiver, 'json', 'traces', body)).code, 400, name)
    }
    const service = newService()
    let value: unknown = {}
    for (let depth = 0; depth < LESS_DEEP; depth++) value = { arrayValue: { values: [value] } }
    const items = [
      span('deep', { attributes: [{ key: 'k', value: { stringValue: '~' } }] }),
      span('neighbour'),
    ]
    const body = encode('json', 'traces', requestOf('traces', service, items)).toString()
    const deeper = Buffer.from(body.replace('{"stringValue":"~"}', JSON.stringify(value)))
    const { partialSuccess } = await sendBytes(receiver, 'json', 'traces', deeper)
    t.equal(partialSuccess?.rejected, '1', 'what JSON may have and values may not costs its item')
    t.same(await readNames(receiver, 'traces', service, 1), ['neighbour'])
  },
)

t.test(
  'values nested 10,000 deep in protobuf: their items are rejected, the neighbours stored',
  async (t) => {
    const receiver = await starting
    for (const signal of SIGNALS) {
      for (const way of ['protobuf', 'grpc'] as const) {
        const service = newService()
        const outcome = await sendBytes(receiver, way, signal, deepBody(signal, service))
        t.equal(outcome.partialSuccess?.rejected, '1', `${signal} as ${way}`)
        t.same(await readNames(receiver, signal, service, 2), ['after', 'before'])
      }
    }
  },
)

t.test('odd values are kept as they can be, and so are their neighbours', async (t) => {
  const receiver = await starting
  const long = 'x'.repeat(MIB)
  const cut = 'x'.repeat(MAX_ATTRIBUTE_BYTES)
  const odd: readonly (readonly [name: string, sent: Message, kept: Message])[] = [
    ['1 MiB', { stringValue: long }, { stringValue: cut }],
    ['NUL', { stringValue: 'a\0b' }, { stringValue: 'a\ufffdb' }],
    ['2^63-1', { intValue: INT64_MAX }, { intValue: INT64_MAX }],
    ['-2^63', { intValue: '-9223372036854775808' }, { intValue: '-9223372036854775808' }],
    ['NaN', { doubleValue: Number.NaN }, { doubleValue: Number.NaN }],
  ]
  for (const signal of SIGNALS) {
    for (const way of WAYS) {
      const service = newService()
      const items = odd.map(([name, sent]) =>
        itemOf(signal, name, [
          ['key', 'first'],
          ['key', anyValue(sent)],
        ]),
      )
      const request = requestOf(signal, service, [
        ...items,
        itemOf(signal, 'neighbour', { key: 'kept' }),
      ])
      isFullSuccess(await send(receiver, way, signal, request))
      const stored = await readStored(receiver, signal, service, odd.length + 1)
      const values = stored.map(({ item }) => [
        nameIn(item),
        attributesIn(signal, canonicalItem(signal, item)).map(({ value }) => value),
      ])
      const expected = [
        ...odd.map(([name, , kept]) => [name, [kept]]),
        ['neighbour', [{ stringValue: 'kept' }]],
      ]
      t.strictSame(Object.fromEntries(values), Object.fromEntries(expected), `${signal} as ${way}`)
    }
  }
})

t.test('broken UTF-8 becomes U+FFFD', async (t) => {
  const receiver = await starting
  for (const signal of SIGNALS) {
    for (const way of WAYS) {
      const service = newService()
      const body = encode(
        way,
        signal,
        requestOf(signal, service, [itemOf(signal, 'work', { key: 'a~~~~b' })]),
      )
      // A surrogate, and a byte that no character has.
      Buffer.from([0xed, 0xa0, 0x80, 0xff]).copy(body, body.indexOf('~~~~'))
      isFullSuccess(await sendBytes(receiver, way, signal, body))
      const [stored] = await readStored(receiver, signal, service, 1)
      const [pair] = attributesIn(signal, canonicalItem(signal, stored?.item ?? {}))
      t.match((pair?.['value'] as Message)['stringValue'], /^a\ufffd{4}b$/, `${signal} as ${way}`)
    }
  }
})

t.test('items of 1970 and 2262 are rejected, the neighbours stored', async (t) => {
  const receiver = await starting
  for (const signal of SIGNALS) {
    for (const way of WAYS) {
      const service = newService()
      const items = ['1', INT64_MAX].map((time) => withTime(signal, time))
      const request = requestOf(signal, service, [...items, itemOf(signal, 'neighbour')])
      const { isSuccess, partialSuccess } = await send(receiver, way, signal, request)
      t.ok(isSuccess)
      t.equal(partialSuccess?.rejected, '2', `${signal} as ${way}`)
      t.same(await readNames(receiver, signal, service, 1), ['neighbour'])
    }
  }
})

t.test('all of this took no more memory than an idle collector and what it admits', async (t) => {
  const { collector } = await starting
  const status = readFileSync(`/proc/${collector.pid}/status`, 'utf8')
  const peakBytes = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * KIB
  t.comment(`${Math.round(peakBytes / MIB)} MiB at most`)
  t.ok(peakBytes < FLOOR_BYTES + ADMISSION_BYTES, `${Math.round(peakBytes / MIB)} MiB`)
  t.equal(collector.child.exitCode, null, 'and it still runs')
})

async function overHttp(way: 'json' | 'protobuf', body: Buffer, isGzip: boolean): Promise<number> {
  const { httpUrl } = await starting
  const options = { encoding: way, headers: isGzip ? GZIP : {} }
  return (await sendHttp(httpUrl + pathOf('traces'), body, options)).status
}

async function overGrpc(message: Buffer, isGzip: boolean): Promise<number | null> {
  const { grpcAddress } = await starting
  const headers: Record<string, string> = isGzip ? { 'grpc-encoding': 'gzip' } : {}
  const answer = await withConnection(grpcAddress, (connection) =>
    connection.send(methodOf('traces'), frame(message, isGzip), headers),
  )
  return answer.code
}

function soundBody(way: Way): Buffer {
  return encode(way, 'traces', requestOf('traces', newService(), [span('work')]))
}

function oversize(way: Way): Buffer {
  const encoding = way === 'json' ? 'json' : 'protobuf'
  const made = oversized.get(encoding) ?? padTo(encoding, soundBody(encoding), MAX_BODY_BYTES + 1)
  oversized.set(encoding, made)
  return made
}

/** Members of gzip, each 1 MiB of nothing. */
function tenGigabytes(): Buffer {
  const member = gzipSync(Buffer.alloc(MIB), { level: 9 })
  return Buffer.concat(Array.from({ length: BOMB_MEMBERS }, () => member))
}

/** A request of three items, of which "deep" has arrays in arrays for a value; protobufjs would not write them. */
function deepBody(signal: Signal, service: string): Buffer {
  const array = NESTED_ARRAYS
  const placeholder = '~'.repeat(array.length)
  const items = [
    itemOf(signal, 'before', { key: 'sound' }),
    itemOf(signal, 'deep', { key: placeholder }),
    itemOf(signal, 'after', { key: 'sound' }),
  ]
  const body = encode('protobuf', signal, requestOf(signal, service, items))
  const at = body.indexOf(placeholder)
  array.copy(body, at)
  // string_value, with a length of as many bytes, becomes array_value.
  body[body.lastIndexOf(STRING_VALUE, at - 3)] = ARRAY_VALUE
  return body
}

/** An ArrayValue that has an ArrayValue that has one, and so on. */
function nestedArrays(): Buffer {
  let array: Uint8Array = new Uint8Array()
  for (let depth = 0; depth < DEEP; depth++) {
    const value = new Writer().uint32(ARRAY_VALUE).bytes(array).finish()
    array = new Writer().uint32(VALUES).bytes(value).finish()
  }
  return Buffer.from(array)
}

function withTime(signal: Signal, time: string): Message {
  if (signal === 'traces')
    return span('out of time', { startTimeUnixNano: time, endTimeUnixNano: time })
  const item = itemOf(signal, 'out of time')
  if (signal === 'logs') return { ...item, timeUnixNano: time }
  const point = list((item['gauge'] as Message)['dataPoints'])[0]
  return { ...item, gauge: { dataPoints: [{ ...point, timeUnixNano: time }] } }
}
