import { Cursor } from '../otlp/cursor'
import type { Signal } from '../otlp/signal'
import type { Lend } from '../slabs'
import { Attribution } from './attribution'
import { Dictionary, type Parts } from './dictionary'
import type { ErrorThrow } from './error-throw'
import type { FingerprintRules } from './fingerprint/rules'
import type { ResourceIdentity, ScopeIdentity } from './identity'
import { type TranslationLimits, UNLIMITED } from './limits'
import { LogRecordTranslator } from './log-records'
import { MetricTranslator } from './metrics'
import { Overflow } from './overflow'
import type { Rejections } from './rejection'
import type { Translated } from './rows'
import { createSharedErrors, type SharedErrors } from './shared-errors'
import { SpanTranslator } from './spans'
import type { TableWriter } from './table-writer'

export interface TranslatorOptions {
  /** Items whose time lies longer than this before their arrival are rejected. */
  readonly retentionMs: Readonly<Record<Signal, number>>
  /** Items whose time lies further than this after their arrival are rejected. */
  readonly maxAheadMs: number
  /** Attributes whose string value names the tenant, the most important first: of the item, else of the resource. */
  readonly tenantAttributes: readonly string[]
  /** Attributes whose values are ids that `correlation` finds. */
  readonly correlationAttributes: readonly string[]
  /** How many rows of each dictionary are remembered. */
  readonly dictionaryCacheSize: number
  readonly limits?: TranslationLimits
  /** Attributes that say what an error is grouped by, the most important first. */
  readonly errorFingerprintAttributes?: readonly string[]
  /** Attributes that name the user an error affects, the most important first. */
  readonly errorUserAttributes?: readonly string[]
  /** What those who run the collector say about the grouping of errors. */
  readonly fingerprintRules?: FingerprintRules
  /** Where the memory of rows comes from. */
  readonly lend?: Lend
}

/** An export request as it is translated. */
export interface TranslatedMessage {
  readonly signal: Signal
  /** Protobuf. */
  readonly body: Uint8Array
  /** Unix milliseconds at which the body arrived. */
  readonly receivedMs: number
  /** The tenant the caller's token is bound to, else null. */
  readonly tenant: string | null
}

export interface Translator {
  /**
   * Turns an export request into rows. Items that break the rules of OTLP are rejected one by one; a body that is not
   * well-formed throws BadData. The rows belong to the caller.
   */
  translate(message: TranslatedMessage): Translated
}

/** What the translators of items share: they read one body at a time, one after the other. */
export interface Translation {
  readonly cursor: Cursor
  readonly dictionary: Dictionary
  readonly overflow: Overflow
  readonly attribution: Attribution
  readonly limits: TranslationLimits
  readonly options: TranslatorOptions
  readonly errors: SharedErrors
}

/** Translates the items of one signal: it is told of a request, then of each item in it, then of the end. */
export interface ItemTranslator {
  /** What it writes, the table of the items first. */
  readonly tables: readonly TableWriter[]
  readonly rejections: Rejections
  /** Items kept so far. */
  readonly accepted: number
  /** Items kept without the trace or span they name, because such an id cannot be. */
  readonly unassociated?: number
  /** The throws that the items kept tell of, once the request has ended. */
  readonly throws?: readonly ErrorThrow[]
  /** Ids that found no room in `CORRELATION`. */
  readonly correlationsLeftOut?: number
  /** Errors passed over, because the request has too many. */
  readonly throwsLeftOut?: number
  /** Events passed over likewise. */
  readonly eventsLeftOut?: number
  beginRequest(bodyBytes: number, receivedMs: number): void
  /** Reads the item (a Span, a LogRecord, a Metric) that begins at the cursor: writes its rows, or rejects it. */
  item(end: number, resource: ResourceIdentity, scope: ScopeIdentity): void
  /** Writes what the items kept add up to, while the body is there, and lets go of what was the request's alone. */
  endRequest?(): void
}

const NOTHING = new Uint8Array()

/** The envelope, the same in every signal. */
const RESOURCE_ITEMS = 0x0a
const RESOURCE = 0x0a
const SCOPE_ITEMS = 0x12
const SCOPE = 0x0a
const ITEM = 0x12
const SCHEMA_URL = 0x1a

/** Requests of all signals share a translator: it remembers their resources, scopes, services, operations and series. */
export function createTranslator(options: TranslatorOptions): Translator {
  return new EnvelopeTranslator(options)
}

class EnvelopeTranslator implements Translator {
  readonly #cursor = new Cursor()
  readonly #dictionary: Dictionary
  readonly #overflow: Overflow
  readonly #attribution: Attribution
  readonly #items: Readonly<Record<Signal, ItemTranslator>>

  constructor(options: TranslatorOptions) {
    const { dictionaryCacheSize, tenantAttributes, limits = UNLIMITED } = options
    const cursor = this.#cursor
    const dictionary = new Dictionary(dictionaryCacheSize, tenantAttributes, limits)
    const overflow = new Overflow(limits)
    const attribution = new Attribution(cursor, dictionary, tenantAttributes)
    this.#dictionary = dictionary
    this.#overflow = overflow
    this.#attribution = attribution
    const errors = createSharedErrors(options, overflow)
    const shared = { cursor, dictionary, overflow, attribution, limits, options, errors }
    this.#items = {
      traces: new SpanTranslator(shared),
      logs: new LogRecordTranslator(shared),
      metrics: new MetricTranslator(shared),
    }
  }

  translate({ signal, body, receivedMs, tenant }: TranslatedMessage): Translated {
    const cursor = this.#cursor
    const items = this.#items[signal]
    cursor.open(body)
    this.#dictionary.beginRequest()
    this.#overflow.beginRequest(receivedMs)
    this.#attribution.beginRequest(tenant)
    items.beginRequest(body.length, receivedMs)
    const end = body.length
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      if (tag === RESOURCE_ITEMS) this.#resourceItems(items, cursor.delimited(end))
      else cursor.skip(tag, end)
    }
    return this.#finish(items)
  }

  #finish(items: ItemTranslator): Translated {
    const { tables, rejections, accepted, unassociated = 0 } = items
    const { count: rejected } = rejections
    const dictionary = this.#dictionary
    // The body and the rows are the request's; only what is remembered outlives it.
    items.endRequest?.()
    this.#cursor.open(NOTHING)
    const { throws = [], correlationsLeftOut = 0, throwsLeftOut = 0, eventsLeftOut = 0 } = items
    const copies = tables.map((table) => table.finish()).filter((copy) => copy !== null)
    const sum = (name: 'repaired' | 'droppedAttributes' | 'cutValues') =>
      tables.reduce((total, { values }) => total + values[name], dictionary[name])
    return {
      copies,
      throws,
      dictionary: dictionary.rows(),
      accepted,
      rejected,
      unassociated,
      correlationsLeftOut,
      throwsLeftOut,
      eventsLeftOut,
      rejection: rejections.message(accepted + rejected),
      repairedStrings: sum('repaired'),
      truncatedAttributes: { count: sum('droppedAttributes'), length: sum('cutValues') },
      overflowed: this.#overflow.counts,
    }
  }

  /** The resource and its schema URL may follow the items they describe. */
  #resourceItems(items: ItemTranslator, end: number): void {
    const cursor = this.#cursor
    const start = cursor.at
    const { parts, schemaUrl } = this.#header(RESOURCE, end)
    const resource = this.#dictionary.resource(cursor, parts, schemaUrl)
    cursor.at = start
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      if (tag === SCOPE_ITEMS) this.#scopeItems(items, cursor.delimited(end), resource)
      else cursor.skip(tag, end)
    }
  }

  #scopeItems(items: ItemTranslator, end: number, resource: ResourceIdentity): void {
    const cursor = this.#cursor
    const start = cursor.at
    const { parts, schemaUrl } = this.#header(SCOPE, end)
    const scope = this.#dictionary.scope(cursor, parts, schemaUrl)
    cursor.at = start
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      if (tag === ITEM) items.item(cursor.delimited(end), resource, scope)
      else cursor.skip(tag, end)
    }
  }

  #header(message: number, end: number): { parts: Parts; schemaUrl: Parts } {
    const cursor = this.#cursor
    const parts: number[] = []
    let schemaUrl: Parts = []
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
}
