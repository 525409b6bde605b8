import t from 'tap'
import { decodeRows } from '../helpers/copy-rows'
import type { ResourceInput, Value } from '../helpers/otlp'
import { type LogRecordInput, logs } from '../helpers/otlp-logs'
import { createLogTranslator } from '../helpers/translator'

const DAY_MS = 86_400_000
const COUNT = 100_000
const MIB = 1024 * 1024

/** Protobuf says these in few bytes each, JSON in many. */
const DOUBLES: Value = Array<number>(COUNT).fill(1e300)
const HUGE: Readonly<Record<string, LogRecordInput>> = {
  attributes: { attributes: { doubles: DOUBLES } },
  body: { body: DOUBLES },
}

function translateBody(body: Uint8Array) {
  const translator = createLogTranslator({ retentionMs: DAY_MS, tenantAttributes: [] })
  return translator.translate(body, { receivedMs: Date.now(), tenant: null })
}

function translate(resource: ResourceInput, records: readonly LogRecordInput[]) {
  return translateBody(logs({ resource, records }))
}

for (const [what, record] of Object.entries(HUGE)) {
  t.test(`a log record whose ${what} would grow to many times its size is rejected alone`, (t) => {
    const { copies, rejected, rejection } = translate({}, [{ flags: 1 }, record, { flags: 2 }])
    t.strictSame(
      decodeRows(copies, 'log_record').map(({ flags }) => flags),
      [1, 2],
    )
    t.equal(rejected, 1)
    t.match(rejection, /many times its size/)
    t.end()
  })
}

t.test('the log records of a resource that grows to many times its size are rejected', (t) => {
  const { accepted, rejection } = translate({ attributes: { doubles: DOUBLES } }, [{}])
  t.equal(accepted, 0)
  t.match(rejection, /many times its size/)
  t.end()
})

t.test('empty log records, two bytes each, fill no more than is allowed for', (t) => {
  const count = 2 * MIB
  const records = Buffer.alloc(2 * count, Buffer.from([0x12, 0x00]))
  const { copies, accepted, rejected } = translateBody(field(0x0a, field(0x12, records)))
  t.equal(accepted + rejected, count)
  t.ok(accepted > 100_000, `${accepted} accepted`)
  t.ok((copies[0]?.bytes.length ?? 0) < 8 * records.length + 2 * MIB)
  t.end()
})

t.test('text that is no UTF-8 at all does not count as growth', (t) => {
  const body = logs({ records: [{ body: 'x'.repeat(2_000_000) }] })
  body.fill(0xff, body.indexOf('xxxx'), body.lastIndexOf('x') + 1)
  const { accepted, repairedStrings, copies } = translateBody(body)
  t.equal(accepted, 1)
  t.equal(repairedStrings, 1)
  t.equal(decodeRows(copies, 'log_record')[0]?.['body'], '\ufffd'.repeat(2_000_000))
  t.end()
})

function field(tag: number, content: Buffer): Buffer {
  const length: number[] = []
  for (let rest = content.length; ; rest >>>= 7) {
    if (rest < 0x80) {
      length.push(rest)
      return Buffer.concat([Buffer.from([tag, ...length]), content])
    }
    length.push((rest & 0x7f) | 0x80)
  }
}
