import { Cursor } from '../otlp/cursor'
import { Attribution } from './attribution'
import { largestRows, RowBuffer } from './buffer'
import { Dictionary } from './dictionary'
import type { ResourceIdentity, ScopeIdentity } from './identity'
import { type TranslationLimits, UNLIMITED } from './limits'
import { Overflow } from './overflow'
import { acceptedBy, describe, judge, type Reason, Rejections } from './rejection'
import { writeColumns } from './row'
import { SPAN, type Translated } from './rows'
import { SpanReader } from './span'
import { toMicros } from './time'
import { ValueWriter } from './value'

export interface TranslatorOptions {
  /** Spans that started longer than this before their arrival are rejected. */
  readonly retentionMs: number
  /** Spans that start further than this after their arrival are rejected. */
  readonly maxAheadMs: number
  /** Attributes whose string value names the tenant, the most important first: of the span, else of the resource. */
  readonly tenantAttributes: readonly string[]
  /** How many rows of each dictionary are remembered. */
  readonly dictionaryCacheSize: number
  readonly limits?: TranslationLimits
}

export interface TranslationContext {
  /** Unix milliseconds at which the body arrived. */
  readonly receivedMs: number
  /** The tenant the caller's token is bound to, else null. */
  readonly tenant: string | null
}

export interface TraceTranslator {
  /**
   * Turns an ExportTraceServiceRequest in protobuf into rows of `SPAN`. Spans that break the rules of OTLP are rejected
   * one by one; a body that is not well-formed throws BadData. The rows belong to the caller.
   */
  translate(body: Uint8Array, context: TranslationContext): Translated
}

/** Rows are about as long as the protobuf they come from, the fixed columns of short spans apart. */
const EXPECTED_GROWTH = 1.3
const SMALLEST_BUFFER_BYTES = 512
const NOTHING = new Uint8Array()
const DAY_US = 86_400_000_000

const RESOURCE_SPANS = 0x0a
const RESOURCE = 0x0a
const SCOPE_SPANS = 0x12
const SCOPE = 0x0a
const SPANS = 0x12
const SCHEMA_URL = 0x1a

/** Requests share a translator: it remembers their resources, scopes, services and operations. */
export function createTraceTranslator(options: TranslatorOptions): TraceTranslator {
  return new Translator(options)
}

class Translator implements TraceTranslator {
  readonly #options: TranslatorOptions
  readonly #cursor = new Cursor()
  readonly #rows = new RowBuffer(0)
  readonly #values: ValueWriter
  readonly #dictionary: Dictionary
  readonly #overflow: Overflow
  readonly #attribution: Attribution
  readonly #span: SpanReader
  #offsets: number[] = []
  #sources: number[] = []
  #days: number[] = []
  #rejections = new Rejections()
  #receivedMs = 0

  constructor(options: TranslatorOptions) {
    const { dictionaryCacheSize, tenantAttributes, limits = UNLIMITED } = options
    this.#options = options
    this.#values = new ValueWriter(this.#cursor, this.#rows, limits)
    this.#dictionary = new Dictionary(dictionaryCacheSize, tenantAttributes, limits)
    this.#overflow = new Overflow(limits)
    const attribution = new Attribution(this.#cursor, this.#dictionary, tenantAttributes)
    this.#attribution = attribution
    this.#span = new SpanReader(this.#cursor, this.#rows, this.#values, attribution)
  }

  translate(body: Uint8Array, context: TranslationContext): Translated {
    this.#begin(body, context)
    const cursor = this.#cursor
    const end = body.length
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      if (tag === RESOURCE_SPANS) this.#resourceSpans(cursor.delimited(end))
      else cursor.skip(tag, end)
    }
    return this.#finish()
  }

  #begin(body: Uint8Array, { receivedMs, tenant }: TranslationContext): void {
    this.#cursor.open(body)
    this.#rows.restart(Math.ceil(body.length * EXPECTED_GROWTH) + SMALLEST_BUFFER_BYTES)
    this.#values.repaired = this.#values.droppedAttributes = this.#values.cutValues = 0
    this.#values.endLimit = largestRows(body.length)
    this.#dictionary.beginRequest()
    this.#overflow.beginRequest(receivedMs)
    this.#attribution.beginRequest(tenant)
    this.#offsets = []
    this.#sources = []
    this.#days = []
    this.#rejections = new Rejections()
    this.#receivedMs = receivedMs
  }

  #finish(): Translated {
    const accepted = this.#offsets.length
    const { count: rejected } = this.#rejections
    const copy = {
      table: SPAN,
      bytes: this.#rows.written(),
      offsets: this.#offsets,
      sources: this.#sources,
      days: this.#days,
    }
    const values = this.#values
    const dictionary = this.#dictionary
    // The body and the rows are the request's; only what is remembered outlives it.
    this.#cursor.open(NOTHING)
    this.#rows.restart(0)
    return {
      copies: accepted > 0 ? [copy] : [],
      dictionary: dictionary.rows(),
      accepted,
      rejected,
      rejection: this.#rejections.message(accepted + rejected),
      repairedStrings: values.repaired + dictionary.repaired,
      truncatedAttributes: {
        count: values.droppedAttributes + dictionary.droppedAttributes,
        length: values.cutValues + dictionary.cutValues,
      },
      overflowed: this.#overflow.counts,
    }
  }

  /** The resource and its schema URL may follow the spans they describe. */
  #resourceSpans(end: number): void {
    const cursor = this.#cursor
    const start = cursor.at
    const { parts, schemaUrl } = this.#header(RESOURCE, end)
    const resource = this.#dictionary.resource(cursor, parts, schemaUrl)
    cursor.at = start
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      if (tag === SCOPE_SPANS) this.#scopeSpans(cursor.delimited(end), resource)
      else cursor.skip(tag, end)
    }
  }

  #scopeSpans(end: number, resource: ResourceIdentity): void {
    const cursor = this.#cursor
    const start = cursor.at
    const { parts, schemaUrl } = this.#header(SCOPE, end)
    const scope = this.#dictionary.scope(cursor, parts, schemaUrl)
    cursor.at = start
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      if (tag === SPANS) this.#spanRow(cursor.delimited(end), resource, scope)
      else cursor.skip(tag, end)
    }
  }

  #header(message: number, end: number): { parts: number[]; schemaUrl: number[] } {
    const cursor = this.#cursor
    const parts: number[] = []
    let schemaUrl: number[] = []
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      if (tag !== message && tag !== SCHEMA_URL) {
        cursor.skip(tag, end)
        continue
      }
      const fieldEnd = cursor.delimited(end)
      if (tag === message) parts.push(cursor.at, fieldEnd)
      else schemaUrl = [cursor.at, fieldEnd]
      cursor.at = fieldEnd
    }
    return { parts, schemaUrl }
  }

  #spanRow(end: number, resource: ResourceIdentity, scope: ScopeIdentity): void {
    const rows = this.#rows
    const values = this.#values
    const rowStart = rows.end
    const source = this.#cursor.at
    values.isTooDeep = resource.isTooDeep || scope.isTooDeep
    values.isTooLarge = resource.isTooLarge || scope.isTooLarge
    rows.reserve(2)
    rows.view.setInt16(rowStart, SPAN.columns.length)
    rows.end += 2
    this.#attribution.beginSpan()
    this.#span.read(end)
    const reason = this.#judge()
    if (reason !== undefined) {
      rows.end = rowStart
      values.revert()
      this.#rejections.add(reason, () => describe(reason, this.#span, this.#cursor))
      return
    }
    values.repaired += this.#writeColumns(resource, scope)
    this.#offsets.push(rowStart)
    this.#sources.push(source)
  }

  #judge(): Reason | undefined {
    const reason = judge(this.#span, this.#cursor, this.#receivedMs, this.#options)
    if (reason !== undefined) return reason
    if (this.#values.isTooDeep) return 'tooDeep'
    return this.#values.isTooLarge ? 'tooLarge' : undefined
  }

  #writeColumns(ownResource: ResourceIdentity, ownScope: ScopeIdentity): number {
    const span = this.#span
    const dictionary = this.#dictionary
    const overflow = this.#overflow
    const service = dictionary.service(ownResource, this.#attribution.tenant(ownResource))
    const ownOperation = dictionary.operation(
      service,
      this.#attribution.module(ownScope),
      span.kind,
      this.#cursor,
      span.nameStart,
      span.nameEnd,
    )
    const operation = overflow.operation(ownOperation, service)
    const resource = overflow.resource(ownResource, service)
    const scope = overflow.scope(ownScope, service)
    dictionary.use(resource)
    dictionary.use(scope)
    dictionary.use(service)
    dictionary.use(operation)
    this.#addDay(Math.floor(toMicros(acceptedBy(span)) / DAY_US))
    const identities = { service, operation, resource, scope }
    const hasOwnName = operation !== ownOperation
    return writeColumns(this.#rows, this.#cursor, span, identities, hasOwnName)
  }

  #addDay(day: number): void {
    if (!this.#days.includes(day)) this.#days.push(day)
  }
}
