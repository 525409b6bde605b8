import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeMessage, ExportTraceServiceRequest } from '../helpers/otlp'
import { until } from '../helpers/until'

export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  /** Empty for a root. */
  readonly parentSpanId: string
  readonly name: string
  readonly kind: number
  readonly scope: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly events: readonly { readonly name: string; readonly attributes: Attributes }[]
  readonly status: { readonly code?: number; readonly message?: string }
  readonly resource: Attributes
}

export interface ReceivedRequest {
  readonly path: string
  readonly headers: IncomingMessage['headers']
}

export interface Receiver {
  readonly url: string
  readonly requests: readonly ReceivedRequest[]
  readonly spans: readonly ReceivedSpan[]
  /** Waits for a span the condition holds for. */
  span(condition: (span: ReceivedSpan) => boolean, what: string): Promise<ReceivedSpan>
  /** What it answers from now on. */
  answerWith(status: number): void
}

type Attributes = Readonly<Record<string, unknown>>

export const CLIENT = 3
export const SERVER = 2

/** Takes OTLP/HTTP in both encodings on a free port and keeps what it was sent; closed at teardown. */
export async function startReceiver(t: {
  teardown(fn: () => Promise<void>): void
}): Promise<Receiver> {
  const spans: ReceivedSpan[] = []
  const requests: ReceivedRequest[] = []
  let status = 200
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      requests.push({ path: request.url ?? '', headers: request.headers })
      if (status === 200) spans.push(...spansOf(body, request.headers['content-type'] ?? ''))
      response.writeHead(status, { 'content-type': request.headers['content-type'] })
      response.end(request.headers['content-type'] === 'application/json' ? '{}' : undefined)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(async () => {
    server.closeAllConnections()
    await once(server.close(), 'close')
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    spans,
    span: (condition, what) => until(() => spans.find(condition), 20_000, what),
    answerWith(code) {
      status = code
    },
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

interface WireSpans {
  resourceSpans?: {
    resource?: { attributes?: WireAttribute[] }
    scopeSpans?: { scope?: { name?: string }; spans?: WireSpan[] }[]
  }[]
}

interface WireSpan {
  traceId: Buffer | string
  spanId: Buffer | string
  parentSpanId?: Buffer | string
  name?: string
  kind?: number
  attributes?: WireAttribute[]
  events?: { name?: string; attributes?: WireAttribute[] }[]
  status?: { code?: number; message?: string }
}

interface WireAttribute {
  key: string
  value: Record<string, unknown>
}

function spansOf(body: Buffer, contentType: string): ReceivedSpan[] {
  const message = (
    contentType === 'application/json'
      ? JSON.parse(body.toString())
      : decodeMessage(ExportTraceServiceRequest, body)
  ) as WireSpans
  return (message.resourceSpans ?? []).flatMap(({ resource, scopeSpans }) =>
    (scopeSpans ?? []).flatMap(({ scope, spans }) =>
      (spans ?? []).map((span) => ({
        traceId: hexOf(span.traceId),
        spanId: hexOf(span.spanId),
        parentSpanId: hexOf(span.parentSpanId ?? ''),
        name: span.name ?? '',
        kind: span.kind ?? 0,
        scope: scope?.name ?? '',
        attributes: attributesOf(span.attributes),
        events: (span.events ?? []).map((event) => ({
          name: event.name ?? '',
          attributes: attributesOf(event.attributes),
        })),
        status: span.status ?? {},
        resource: attributesOf(resource?.attributes),
      })),
    ),
  )
}

function attributesOf(attributes: WireAttribute[] = []): Attributes {
  return Object.fromEntries(
    attributes.map(({ key, value }) => {
      const [[kind, content] = []] = Object.entries(value)
      return [key, kind === 'intValue' ? Number(content) : content]
    }),
  )
}

function hexOf(id: Buffer | string): string {
  return typeof id === 'string' ? id : id.toString('hex')
}
