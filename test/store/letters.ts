import type { Pool } from 'pg'
import type { GroupRequest } from '../../collector/store/group'
import { isolateRows } from '../../collector/translate/origin'
import { createTraceTranslator } from '../helpers/translator'
import {
  decodeMessage,
  ExportTraceServiceRequest,
  type SpanInput,
  type TracesInput,
} from '../helpers/otlp'
import { NOON_MICROS, translatedRequest } from '../helpers/rows'

/** When the requests arrive. */
export const RECEIVED_MS = Number(NOON_MICROS / 1_000n)
/** When the spans start. */
export const NOON_NS = NOON_MICROS * 1_000n
const YEAR_MS = 365 * 86_400_000

const translator = createTraceTranslator({
  retentionMs: YEAR_MS,
  maxAheadMs: YEAR_MS,
  tenantAttributes: [],
  dictionaryCacheSize: 100,
})

/** A request to `/v1/traces` on its way to Postgres. */
export function translated(body: Uint8Array, fields: Partial<GroupRequest> = {}): GroupRequest {
  const translate = (bytes: Uint8Array) =>
    translator.translate(bytes, { receivedMs: RECEIVED_MS, tenant: null })
  return translatedRequest(body, translate(body), {
    retranslate: (copy, rows) => translate(isolateRows('traces', body, copy, rows)),
    ...fields,
  })
}

/** Spans of one resource and scope, named as given, each with the ids of its place. */
export function spansOf(
  names: readonly string[],
  fields: (name: string) => SpanInput = () => ({}),
) {
  return {
    service: 'shop',
    resource: { attributes: { 'host.name': 'pod' }, schemaUrl: 'https://resource' },
    scope: { name: 'lib', version: '1', schemaUrl: 'https://scope' },
    spans: names.map((name, place) => ({
      traceId: '0a'.repeat(16),
      spanId: `00000000000000${String(place + 10)}`,
      startTimeUnixNano: NOON_NS,
      name,
      status: { code: 2, message: name },
      ...fields(name),
    })),
  } satisfies TracesInput
}

/** Postgres refuses spans of this status message until the constraint is dropped. */
export async function curse(pool: Pool): Promise<void> {
  await pool.query(`alter table sidelight.span
    add constraint no_curse check (status_message is distinct from 'curse')`)
}

/** A row of `dead_letter`. */
export interface Letter {
  readonly digest: string
  readonly table: string
  readonly item: number
  readonly sqlstate: string
  readonly message: string
  readonly body: Buffer
}

/** All letters, in the order of their items. */
export async function readLetters(pool: Pool): Promise<Letter[]> {
  const { rows } = await pool.query<Letter>(
    `select digest, table_name as table, item, sqlstate, message, body
     from sidelight.dead_letter order by digest, item`,
  )
  return rows
}

/** The names of the spans inside. */
export function namesIn({ body }: Letter): string[] {
  const { resourceSpans } = decodeMessage(ExportTraceServiceRequest, body) as {
    resourceSpans: { scopeSpans: { spans: { name: string }[] }[] }[]
  }
  const scopes = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans)
  return scopes.flatMap(({ spans }) => spans.map(({ name }) => name))
}
