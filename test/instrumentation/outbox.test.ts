import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Answer } from '../../instrumentation/delivery/answer'
import type { Body, Signal } from '../../instrumentation/delivery/contract'
import type { Handover } from '../../instrumentation/delivery/handover'
import { BoundedOutbox, createOutbox } from '../../instrumentation/delivery/outbox'
import { traces } from '../helpers/otlp'
import { until } from '../helpers/until'
import { startReceiver } from './receiver'

const TAKEN: Answer = { outcome: 'taken', rejected: 0, message: '' }
const AWAY: Answer = { outcome: 'unreachable', message: 'connect ECONNREFUSED' }
const BUSY: Answer = { outcome: 'later', message: 'it answers 503', afterMs: 1 }
const NO_FOLDER: Handover = {
  save: () => ({ saved: new Set(), error: new Error('there is no folder') }),
  saveSoon: () => Promise.reject(new Error('there is no folder')),
}

t.test(
  'bodies are kept while the collector is away, then sent again in order, the same bytes',
  async (t) => {
    const collector = recorder([AWAY, AWAY])
    const outbox = boxOf(collector)
    const bodies = ['a', 'b', 'c'].map((name) => bodyOf('traces', name))
    for (const body of bodies) outbox.put(body)
    await until(() => collector.taken.length === 3, 20_000, 'all bodies')
    t.same(collector.taken, ['a', 'b', 'c'])
    t.equal(collector.attempts[0], bodies[0]?.bytes, 'the very bytes')
    t.equal(collector.attempts[1], bodies[0]?.bytes, 'again')
    t.equal(outbox.waitingBytes(), 0)
    t.match(outbox.counts(), { delivered: 3, dropped: 0, refused: 0 })
  },
)

t.test('half a minute of 500 spans a second without a collector loses nothing', async (t) => {
  const span = {
    name: 'GET /orders/:id',
    attributes: Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [`attribute.${i}`, `value ${i} of a usual length`]),
    ),
  }
  const bytes = traces({ service: 'shop', spans: [span], count: 500 })
  t.ok(bytes.length > 500 * 400, `${bytes.length / 500} bytes a span, more than usual`)
  const collector = recorder(Infinity)
  const outbox = boxOf(collector, { maxBytes: 16 * 1_048_576 })
  for (let second = 0; second < 30; second++) outbox.put({ signal: 'traces', bytes, items: 500 })
  await outbox.flush(1_000)
  t.equal(outbox.waitingBytes(), 30 * bytes.length)
  t.equal(outbox.counts().dropped, 0)
  collector.comeBack()
  await outbox.flush(5_000)
  t.match(outbox.counts(), { delivered: 15_000, dropped: 0 })
})

t.test(
  'beyond the bound metrics go first, then the oldest; the one on its way stays',
  async (t) => {
    const answers: ((answer: Answer) => void)[] = []
    const asked: Buffer[] = []
    const send = (bytes: Uint8Array): Promise<Answer> => {
      asked.push(bytes as Buffer)
      return new Promise((resolve) => answers.push(resolve))
    }
    const saved: string[] = []
    const handover: Handover = {
      ...NO_FOLDER,
      saveSoon: (body) => {
        saved.push(String(body.bytes))
        return Promise.resolve()
      },
    }
    const outbox = new BoundedOutbox({
      send: {
        traces: send,
        metrics: () => Promise.resolve(AWAY),
        logs: () => Promise.resolve(AWAY),
      },
      handover,
      maxBytes: 100,
    })
    const put = (signal: Signal, name: string) => outbox.put(bodyOf(signal, name.padEnd(25, '.')))
    put('traces', 'on its way')
    put('logs', 'log')
    put('traces', 'trace')
    put('metrics', 'metric')
    await until(() => asked.length === 1, 5_000, 'the first request')
    put('traces', 'new 1')
    put('traces', 'new 2')
    put('traces', 'new 3')
    t.same(
      saved.map((text) => text.replace(/\.*$/, '')),
      ['metric', 'log', 'trace'],
    )
    t.equal(outbox.waitingBytes(), 100)
    await until(() => outbox.counts().handedOver === 3, 5_000, 'them to be counted')
  },
)

t.test('without a folder what is beyond the bound is dropped and counted', async (t) => {
  const outbox = boxOf(recorder(Infinity), { maxBytes: 3 })
  for (const name of 'abcde') outbox.put(bodyOf('traces', name, 10))
  await until(() => outbox.counts().dropped === 20, 5_000, 'two bodies to be dropped')
  t.equal(outbox.waitingBytes(), 3)
  outbox.put({ signal: 'logs', bytes: Buffer.alloc(10), items: 7 })
  t.ok(outbox.waitingBytes() <= 10, 'one that is larger than the bound')
})

t.test('a body the collector refuses is dropped and counted, the next ones go on', async (t) => {
  const refused: Answer = { outcome: 'refused', message: 'it answers 400' }
  const collector = recorder([refused, { outcome: 'taken', rejected: 2, message: 'old' }])
  const outbox = boxOf(collector)
  outbox.put(bodyOf('traces', 'a', 5))
  outbox.put(bodyOf('traces', 'b', 5))
  outbox.put(bodyOf('traces', 'c', 5))
  await outbox.flush(5_000)
  t.same(outbox.counts(), { delivered: 8, rejected: 2, refused: 5, handedOver: 0, dropped: 0 })
})

t.test('one body of a signal is on its way at a time', async (t) => {
  const answers: ((answer: Answer) => void)[] = []
  const send = () => new Promise<Answer>((resolve) => answers.push(resolve))
  const outbox = new BoundedOutbox({
    send: { traces: send, metrics: send, logs: send },
    handover: NO_FOLDER,
    maxBytes: 1_000,
  })
  for (const name of 'abc') outbox.put(bodyOf('traces', name))
  outbox.put(bodyOf('logs', 'd'))
  t.equal(answers.length, 2, 'one of each signal')
  answers[0]?.(TAKEN)
  await until(() => answers.length === 3, 5_000, 'the second body')
})

t.test('a flush ends when nothing is left, the collector is away, or time is up', async (t) => {
  // Nothing of the outbox keeps the process alive, what waits for it has to.
  const alive = setInterval(() => undefined, 1_000)
  t.teardown(() => clearInterval(alive))
  const away = boxOf(recorder(Infinity))
  away.put(bodyOf('traces', 'a'))
  await away.flush(60_000)
  t.ok(away.waitingBytes() > 0, 'away: it does not wait for another try')
  const silent = new BoundedOutbox({
    send: bySignal(() => new Promise<Answer>(() => undefined)),
    handover: NO_FOLDER,
    maxBytes: 1_000,
  })
  silent.put(bodyOf('traces', 'a'))
  await silent.flush(20)
  const busy = recorder([BUSY, BUSY, BUSY])
  const patient = boxOf(busy)
  patient.put(bodyOf('traces', 'a'))
  await patient.flush(20_000)
  t.same(busy.taken, ['a'], 'busy: it is asked again')
  await patient.flush(1)
})

t.test(
  'what is handed over at the end is the body on its way, too, and is not sent again',
  async (t) => {
    const answers: ((answer: Answer) => void)[] = []
    const handedOver: Body[] = []
    const outbox = new BoundedOutbox({
      send: bySignal(() => new Promise<Answer>((resolve) => answers.push(resolve))),
      handover: {
        ...NO_FOLDER,
        save(bodies) {
          handedOver.push(...bodies)
          return { saved: new Set(bodies) }
        },
      },
      maxBytes: 1_000,
    })
    outbox.put(bodyOf('metrics', 'm'))
    outbox.put(bodyOf('traces', 'a'))
    outbox.put(bodyOf('traces', 'b'))
    t.equal(outbox.handOver(), 0)
    t.same(
      handedOver.map(({ bytes }) => String(bytes)),
      ['a', 'b', 'm'],
      'metrics last',
    )
    t.equal(outbox.handOver(), 0)
    t.equal(handedOver.length, 3, 'once')
    for (const answer of answers) answer(AWAY)
    outbox.put(bodyOf('traces', 'c'))
    await until(() => answers.length === 3, 5_000, 'the next one')
    t.equal(outbox.waitingBytes(), 1)
  },
)

t.test('a receiver that appears gets what was kept, of all signals', async (t) => {
  const receiver = await startReceiver(t)
  receiver.answerWith(503)
  const outbox = createOutbox({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  const bodies = ['a', 'b'].map((name) => traces({ service: 'shop', spans: [{ name }] }))
  for (const bytes of bodies) outbox.put({ signal: 'traces', bytes, items: 1 })
  outbox.put({ signal: 'logs', bytes: Buffer.alloc(0), items: 0 })
  await until(() => receiver.requests.length >= 2, 20_000, 'the first tries')
  receiver.answerWith(200)
  await until(() => outbox.waitingBytes() === 0, 20_000, 'the next tries')
  t.same(
    receiver.spans.map(({ name }) => name),
    ['a', 'b'],
  )
  const sent = receiver.requests.filter(({ path }) => path === '/v1/traces')
  t.ok(sent[0]?.body.equals(sent[1]?.body ?? Buffer.alloc(0)), 'the same bytes again')
})

t.test('the bound and the folder are given by variables', async (t) => {
  const folder = join(t.testdir(), 'handover')
  mkdirSync(folder, { mode: 0o700 })
  const outbox = createOutbox({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
    SIDELIGHT_OUTBOX_MAX_BYTES: '100',
    SIDELIGHT_HANDOVER_DIR: folder,
  })
  for (const name of 'abc') outbox.put(bodyOf('traces', name.repeat(50)))
  await until(() => outbox.counts().handedOver === 1, 20_000, 'a body in the folder')
  const files = readdirSync(folder)
  t.match(files, [/^traces-\d+-[0-9a-f]+\.otlp$/])
  const text = readFileSync(join(folder, files[0] ?? ''), 'utf8')
  t.match(text, /^sidelight-handover\/1 traces 1 -\n(a{50}|b{50})$/)
})

/** Answers with these first, or with AWAY until it comes back, then takes everything. */
function recorder(first: Answer[] | number) {
  const taken: string[] = []
  const attempts: Uint8Array[] = []
  let isBack = typeof first !== 'number'
  return {
    taken,
    attempts,
    comeBack() {
      isBack = true
    },
    async send(bytes: Uint8Array): Promise<Answer> {
      attempts.push(bytes)
      await Promise.resolve()
      const answer = isBack ? ((first as Answer[]).shift?.() ?? TAKEN) : AWAY
      if (answer.outcome === 'taken') taken.push(String(bytes))
      return answer
    },
  }
}

function boxOf(
  collector: { send(bytes: Uint8Array): Promise<Answer> },
  { maxBytes = 1_000_000 } = {},
): BoundedOutbox {
  return new BoundedOutbox({
    send: bySignal((bytes) => collector.send(bytes)),
    handover: NO_FOLDER,
    maxBytes,
  })
}

function bySignal(send: (bytes: Uint8Array) => Promise<Answer>) {
  return { traces: send, metrics: send, logs: send }
}

function bodyOf(signal: Signal, text: string, items = 1): Body {
  return { signal, bytes: Buffer.from(text), items }
}
