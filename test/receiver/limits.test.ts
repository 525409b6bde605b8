import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { type Counters, createCounters } from '../../collector/telemetry/counters'
import { traces } from '../helpers/otlp'
import { until } from '../helpers/until'
import { CODE, type Door, MAX_BODY_BYTES, openDoor, TIMEOUT_MS, TYPES, valueOf } from './door'

const HEAD = `POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-type: ${TYPES.json}\r\n`

function refused(counters: Counters, reason: string): Promise<number> {
  return valueOf(counters, `sidelight_refused_requests_total{reason="${reason}"}`)
}

/** A connection that tells what it received when it was closed. */
async function open(t: Test, door: Door): Promise<{ socket: Socket; closed: Promise<string> }> {
  const socket = connect(door.port, '127.0.0.1')
  t.teardown(() => {
    socket.destroy()
  })
  let text = ''
  socket.on('data', (bytes) => (text += bytes.toString('latin1')))
  socket.on('error', () => undefined)
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(text)))
  await once(socket, 'connect')
  return { socket, closed }
}

/** Sends the text a byte at a time for as long as the other side listens. */
function trickle(t: Test, socket: Socket, text: string): void {
  let at = 0
  const timer = setInterval(() => {
    if (socket.writable) socket.write(text[at++ % text.length] ?? '')
  }, 20)
  t.teardown(() => clearInterval(timer))
}

function readStatusOf(answer: string): { status: string; code: number; message: string } {
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  return {
    status: head.split(' ')[1] ?? '',
    ...(JSON.parse(body) as { code: number; message: string }),
  }
}

t.test(
  'connections up to the limit are open; one more is closed at once and counted',
  async (t) => {
    const counters = createCounters()
    const door = await openDoor(t, { counters, maxConnections: 3 })
    const opened = await Promise.all(Array.from({ length: 3 }, () => open(t, door)))
    await until(
      async () => (await valueOf(counters, 'sidelight_otlp_connections')) === 3,
      TIMEOUT_MS,
      'three connections',
    )
    t.equal(await valueOf(counters, 'sidelight_otlp_connections_dropped_total'), 0)
    const fourth = await open(t, door)
    t.equal(await fourth.closed, '')
    t.equal(await valueOf(counters, 'sidelight_otlp_connections_dropped_total'), 1)
    opened[0]?.socket.destroy()
    await until(
      async () => (await valueOf(counters, 'sidelight_otlp_connections')) === 2,
      TIMEOUT_MS,
      'a connection less',
    )
    t.equal((await door.post(traces({ service: 'shop' }))).status, 200)
  },
)

t.test('a head that does not come, or only slowly, is 408 with a Status', async (t) => {
  const counters = createCounters()
  const door = await openDoor(t, { counters, headerTimeoutMs: 300 })
  const silent = await open(t, door)
  const slow = await open(t, door)
  trickle(t, slow.socket, HEAD)
  for (const { closed } of [silent, slow]) {
    const { status, code, message } = readStatusOf(await closed)
    t.equal(status, '408')
    t.equal(code, CODE.resourceExhausted)
    t.match(message, /took too long/)
  }
  t.equal(await refused(counters, 'header_timeout'), 2)
})

t.test('a body that comes slowly is 408 with a Status, and its memory is free again', async (t) => {
  const body = gzipSync(Buffer.from(' '.repeat(100_000)))
  const ways = {
    plain: ['content-length: 100000\r\n\r\n', ' '],
    chunked: ['transfer-encoding: chunked\r\n\r\n', '1\r\n \r\n'],
    gzip: [
      `content-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`,
      body.toString('latin1', 0, body.length - 1),
    ],
  }
  for (const [way, [rest = '', content = '']] of Object.entries(ways)) {
    const counters = createCounters()
    const door = await openDoor(t, { counters, bodyTimeoutMs: 500 })
    const { socket, closed } = await open(t, door)
    // With the head, so that the upload is under way whenever its time begins.
    socket.write(HEAD + rest + content, 'latin1')
    if (way !== 'gzip') trickle(t, socket, content)
    await until(() => door.usedBytes() > 0, TIMEOUT_MS, 'an upload under way')
    const { status, code, message } = readStatusOf(await closed)
    t.equal(status, '408', way)
    t.equal(code, CODE.resourceExhausted)
    t.match(message, /SIDELIGHT_OTLP_BODY_TIMEOUT_MS/)
    t.equal(door.usedBytes(), 0)
    t.equal(await refused(counters, 'body_timeout'), 1)
    t.same(door.requests, [])
  }
})

t.test('a body that arrives in time in pieces is taken', async (t) => {
  const counters = createCounters()
  const door = await openDoor(t, { counters, bodyTimeoutMs: TIMEOUT_MS })
  const body = traces({ service: 'shop' }, 'json')
  const { socket, closed } = await open(t, door)
  socket.write(`${HEAD}connection: close\r\ncontent-length: ${body.length}\r\n\r\n`)
  for (const byte of body) socket.write(Buffer.from([byte]))
  t.match(await closed, /^HTTP\/1\.1 200 /)
  t.equal(door.rows.length, 1)
})

t.test(
  'who asks for the connection to be closed is answered before it is, however much it still sends',
  async (t) => {
    const body = Buffer.alloc(8 * MAX_BODY_BYTES, ' ')
    const counters = createCounters()
    const door = await openDoor(t, { counters })
    for (const [path, type, status] of [
      ['/v1/traces', TYPES.json, '413'],
      ['/v1/traces', 'text/plain', '415'],
      ['/v1/nothing', TYPES.json, '404'],
    ] as const) {
      const { socket, closed } = await open(t, door)
      const lines = [`POST ${path} HTTP/1.1`, 'host: a', `content-type: ${type}`]
      const rest = ['connection: close', `content-length: ${body.length}`]
      socket.write(`${[...lines, ...rest].join('\r\n')}\r\n\r\n`)
      const answered = once(socket, 'data')
      socket.write(body.subarray(1))
      await answered
      // It is all read, without a reset that would take the answer away.
      const failed = once(socket, 'error')
      socket.write(body.subarray(0, 1))
      const answer = await Promise.race([closed, failed])
      t.match(answer, `HTTP/1.1 ${status} `)
      t.match(answer, /\r\nconnection: close\r\n/i)
      t.match(answer, /\r\ncontent-length: [1-9]/)
    }
    const line = 'sidelight_otlp_requests_total{signal="traces",encoding="json",status="413"}'
    t.equal(await valueOf(counters, line), 1)
  },
)

t.test(
  'who asks for the connection to be closed and does not end is cut off, and counted',
  async (t) => {
    const counters = createCounters()
    const door = await openDoor(t, { counters, headerTimeoutMs: 200, bodyTimeoutMs: 300 })
    const { socket, closed } = await open(t, door)
    socket.write(`${HEAD}connection: close\r\ncontent-length: ${MAX_BODY_BYTES + 1}\r\n\r\n`)
    trickle(t, socket, ' ')
    t.strictSame((await closed).match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 413'])
    const line = 'sidelight_otlp_requests_total{signal="traces",encoding="json",status="413"}'
    await until(async () => (await valueOf(counters, line)) === 1, TIMEOUT_MS, 'a count')
  },
)

t.test(
  'who sends slowly what was refused unread is cut off, without a second answer',
  async (t) => {
    const counters = createCounters()
    const door = await openDoor(t, { counters, headerTimeoutMs: 200, bodyTimeoutMs: 300 })
    const { socket, closed } = await open(t, door)
    socket.write(`${HEAD}content-length: ${MAX_BODY_BYTES + 1}\r\n\r\n`)
    trickle(t, socket, ' ')
    t.strictSame((await closed).match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 413'])
    t.equal(await refused(counters, 'body_size'), 1)
    t.ok(Number.isNaN(await refused(counters, 'header_timeout')))
  },
)

t.test('what is refused at a limit of memory is counted by reason', async (t) => {
  const counters = createCounters()
  // Fields that nobody knows, two bytes each.
  const body = Buffer.alloc(1_000, ' ')
  const limits = { counters, maxBodyBytes: 1_000 }
  const tight = await openDoor(t, { ...limits, budgetBytes: 1_999 })
  const wide = await openDoor(t, { ...limits, budgetBytes: 2_000 })
  t.equal((await tight.post(body)).status, 503)
  t.equal((await tight.post(body.subarray(2))).status, 200)
  t.equal((await wide.post(body)).status, 200)
  t.equal(await refused(counters, 'admission'), 1)
  t.equal((await wide.post(Buffer.alloc(1_001))).status, 413)
  t.equal(await refused(counters, 'body_size'), 1)
})
