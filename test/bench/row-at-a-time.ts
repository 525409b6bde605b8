import type { Client } from 'pg'
import { ExportTraceServiceRequest } from '../helpers/otlp'

interface DecodedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind?: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes?: readonly { readonly key: string; readonly value: unknown }[]
  readonly events?: readonly unknown[]
  readonly links?: readonly unknown[]
}

interface Decoded {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly DecodedSpan[] }[]
  }[]
}

const INSERT = `insert into sidelight.span (trace_id, span_id, parent_span_id, start_time, end_time, duration_ns,
  service_id, operation_id, resource_id, scope_id, flags, kind, status, name, attributes, events, links)
  values ($1, $2, $3, $4, $5, $6, 1, 1, 1, 1, 0, $7, 0, $8, $9, $10, $11)`

/** Spans per second of the plain way: objects decoded by protobufjs, one insert a span, one transaction a request. */
export async function insertRowAtATime(
  client: Client,
  bodies: readonly Uint8Array[],
): Promise<number> {
  await client.query('truncate sidelight.span, sidelight.ingest_receipt')
  let spans = 0
  const startedAt = process.hrtime.bigint()
  for (const body of bodies) {
    await client.query('begin')
    for (const span of decode(body)) {
      await client.query(INSERT, valuesOf(span))
      spans++
    }
    await client.query('commit')
  }
  return spans / (Number(process.hrtime.bigint() - startedAt) / 1e9)
}

function decode(body: Uint8Array): DecodedSpan[] {
  const message = ExportTraceServiceRequest.toObject(ExportTraceServiceRequest.decode(body), {
    longs: String,
    bytes: String,
  }) as unknown as Decoded
  return message.resourceSpans.flatMap((resource) =>
    resource.scopeSpans.flatMap((scope) => scope.spans),
  )
}

function valuesOf(span: DecodedSpan): unknown[] {
  const start = BigInt(span.startTimeUnixNano)
  const end = BigInt(span.endTimeUnixNano)
  return [
    Buffer.from(span.traceId, 'base64').toString('hex'),
    idOf(span.spanId),
    span.parentSpanId ? idOf(span.parentSpanId) : null,
    new Date(Number(start / 1_000_000n)),
    new Date(Number(end / 1_000_000n)),
    String(end - start),
    span.kind ?? 0,
    span.name,
    JSON.stringify(
      Object.fromEntries((span.attributes ?? []).map(({ key, value }) => [key, value])),
    ),
    JSON.stringify(span.events ?? []),
    JSON.stringify(span.links ?? []),
  ]
}

function idOf(base64: string): string {
  return String(Buffer.from(base64, 'base64').readBigInt64BE())
}
