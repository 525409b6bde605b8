/**
 * Loaded by the applications of ending.test.ts: the delivery alone, with nothing instrumented. `endSpans` is what an
 * application calls instead of ending that many spans, in bodies of 500.
 */
import { randomBytes } from 'node:crypto'
import { saveAtEnd } from '../../instrumentation/delivery/ending'
import { createOutbox } from '../../instrumentation/delivery/outbox'

const BODY_SPANS = 500

const outbox = createOutbox(process.env)
saveAtEnd({
  flush: (deadlineMs) => outbox.flush(deadlineMs),
  save: () => void outbox.handOver(),
})

Object.assign(globalThis, {
  endSpans(count: number): void {
    for (let left = count; left > 0; left -= BODY_SPANS) {
      const items = Math.min(left, BODY_SPANS)
      outbox.put({ signal: 'traces', bytes: requestOf(items), items })
    }
  },
  waitingBytes: () => outbox.waitingBytes(),
})

/** ExportTraceServiceRequest { resource_spans = 1 { scope_spans = 2 { spans = 2 {…} } } }, spans of 400 bytes. */
function requestOf(items: number): Buffer {
  const span = () =>
    message(
      2,
      field(1, randomBytes(16)),
      field(2, randomBytes(8)),
      field(5, Buffer.from('work')),
      field(3, Buffer.alloc(360, 'x')),
    )
  return message(1, message(2, ...Array.from({ length: items }, span)))
}

function message(number: number, ...fields: Buffer[]): Buffer {
  return field(number, Buffer.concat(fields))
}

function field(number: number, content: Buffer): Buffer {
  const length: number[] = []
  let rest = content.length
  for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128)
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length, rest]), content])
}
