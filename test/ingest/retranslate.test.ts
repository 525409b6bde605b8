import t, { type Test } from 'tap'
import { digestOf } from '../../collector/ingest/digest'
import type { Message } from '../../collector/ingest/contract'
import type { GroupRequest } from '../../collector/store/group'
import { createTranslator } from '../../collector/translate/translator'
import { bySignal } from '../../collector/otlp/signal'
import { traces } from '../helpers/otlp'
import { rollupRows } from '../helpers/rollup-rows'
import { until } from '../helpers/until'
import {
  controlledWrites,
  createPipeline,
  send,
  startPipeline,
  temporarySpool,
  TIMEOUT_MS,
} from './writes'

const HOUR_MS = 3_600_000
const translator = createTranslator({
  retentionMs: bySignal(() => 24 * HOUR_MS),
  maxAheadMs: HOUR_MS,
  tenantAttributes: ['tenant.id'],
  correlationAttributes: ['request.id'],
  dictionaryCacheSize: 100,
})
const translate = (message: Message) => translator.translate(message)

/** Three spans that end too far ahead of their arrival: they count to when they started. */
function bodyOf(receivedMs: number): Buffer {
  const startTimeUnixNano = BigInt(receivedMs) * 1_000_000n
  const endTimeUnixNano = startTimeUnixNano + BigInt(HOUR_MS + 60_000) * 1_000_000n
  return traces({
    resource: { attributes: { 'tenant.id': 'of the body' } },
    spans: ['a', 'b', 'c'].map((id) => {
      const attributes = { 'request.id': id }
      return { name: 'same', startTimeUnixNano, endTimeUnixNano, attributes }
    }),
  })
}

/** What is left of the request without its second span is as if it had come without. */
function checkRest(t: Test, request: GroupRequest): void {
  const { translated } = request
  const [spans] = translated.copies
  const rest = request.retranslate(spans!, [0, 2])
  const [all] = rollupRows(translated)
  const [counted, ...more] = rollupRows(rest)
  t.strictSame(more, [])
  t.match(counted, {
    ...all,
    span_count: 2n,
    root_count: 2n,
    adjusted_count: 2,
    random_trace_id: /./,
  })
  t.match(
    rest.copies.map(({ table, offsets }) => [table.name, offsets.length]),
    [
      ['span', 2],
      ['correlation', 2],
      ['span_rollup', 1],
    ],
  )
}

t.test('of a live request a part is translated as the whole was', async (t) => {
  const { writes, write } = controlledWrites()
  const { pipeline } = await startPipeline(t, { write, translate })
  const receivedMs = Date.now()
  const fields = { body: bodyOf(receivedMs), tenant: 'of the token', receivedMs }
  const sent = send(pipeline, '', fields)
  const [one] = await until(() => (writes.length > 0 ? writes : null), TIMEOUT_MS, 'a transaction')
  checkRest(t, one!.group[0]!)
  one!.store()
  await sent.answer
})

t.test('of a spooled request a part is translated as the whole was', async (t) => {
  const spool = await temporarySpool(t)
  const tenant = 'of the token'
  const receivedMs = Date.now() - 2 * HOUR_MS
  const body = bodyOf(receivedMs)
  const digest = digestOf('traces', tenant, body)
  await spool.append({ digest, signal: 'traces', tenant, receivedMs, body, isInDoubt: false })
  const { writes, write } = controlledWrites()
  await createPipeline(t, { write, translate, spool })
  const [one] = await until(() => (writes.length > 0 ? writes : null), TIMEOUT_MS, 'a transaction')
  checkRest(t, one!.group[0]!)
  one!.store()
})
