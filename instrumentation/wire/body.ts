import type { Body, Signal } from '../delivery/contract'
import { writeCount } from './span'
import { writeAttributes } from './value'
import { Writer } from './writer'

/** An instrumentation scope; spans, records and lines of one are sent together. */
export interface Scope {
  readonly name: string
  readonly version?: string | undefined
  readonly schemaUrl?: string | undefined
  readonly attributes?: object | undefined
  readonly droppedAttributesCount?: number | undefined
}

/** What all bodies say of the process. */
export interface ResourceLike {
  readonly attributes: object
  readonly schemaUrl?: string | undefined
}

/** When a body is complete. */
export interface BodyLimits {
  readonly maxItems: number
  readonly maxBytes: number
  /** After its first item. */
  readonly maxDelayMs: number
}

/** The field of an item in the messages of a scope, spans and log records alike. */
export const ITEM = 0x12

/**
 * Collects the encoded items of one signal, by scope, and hands them on as the body of a request when it is full or
 * `seal` is called.
 */
export class BodyBuilder {
  readonly #signal: Signal
  readonly #limits: BodyLimits
  readonly #put: (body: Body) => void
  readonly #resource: Buffer
  readonly #schemaUrl: Buffer
  /** The objects given as scopes; those that are alike share a section. */
  #sections = new Map<Scope, Section>()
  #byName = new Map<string, Section>()
  #items = 0
  #bytes = 0
  #timer: NodeJS.Timeout | undefined

  constructor(
    signal: Signal,
    resource: ResourceLike,
    limits: BodyLimits,
    put: (body: Body) => void,
  ) {
    this.#signal = signal
    this.#limits = limits
    this.#put = put
    this.#resource = encodeResource(resource)
    this.#schemaUrl = encodeSchemaUrl(resource.schemaUrl)
  }

  /** Encodes an item into the section of its scope. One that cannot be encoded is left out. Never throws. */
  add<Item>(
    scope: Scope,
    item: Item,
    write: (writer: Writer, tag: number, item: Item) => void,
  ): void {
    const section = this.#sections.get(scope) ?? this.#sectionOf(scope)
    const { writer } = section
    const start = writer.at
    try {
      write(writer, ITEM, item)
    } catch {
      writer.at = start
      return
    }
    this.#bytes += writer.at - start
    this.#items++
    if (this.#items >= this.#limits.maxItems || this.#bytes >= this.#limits.maxBytes) this.seal()
    else this.#timer ??= startTimer(() => this.seal(), this.#limits.maxDelayMs).unref()
  }

  /** Hands on what was collected, if there is anything. */
  seal(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#items === 0) return
    const body = { signal: this.#signal, bytes: this.#assemble(), items: this.#items }
    this.#items = 0
    this.#bytes = 0
    this.#reset()
    this.#put(body)
  }

  #assemble(): Buffer {
    let contentBytes = this.#resource.length + this.#schemaUrl.length
    for (const { writer, headerBytes } of this.#byName.values()) {
      if (writer.at > headerBytes) contentBytes += SECTION_OVERHEAD + writer.at
    }
    const body = new Writer(contentBytes + SECTION_OVERHEAD)
    const mark = body.open(RESOURCE_ITEMS, contentBytes)
    append(body, this.#resource, this.#resource.length)
    for (const { writer, headerBytes } of this.#byName.values()) {
      if (writer.at === headerBytes) continue
      const section = body.open(SCOPE_ITEMS, writer.at)
      append(body, writer.buffer, writer.at)
      body.close(section)
    }
    append(body, this.#schemaUrl, this.#schemaUrl.length)
    body.close(mark)
    return body.buffer.subarray(0, body.at)
  }

  /** Keeps the sections for the next items, unless there are many: scopes can be made without end. */
  #reset(): void {
    if (this.#sections.size > MAX_KEPT_SECTIONS) {
      this.#sections = new Map()
      this.#byName = new Map()
      return
    }
    for (const section of this.#byName.values()) {
      if (section.writer.buffer.length > MAX_KEPT_BYTES) section.writer = headed(section.header)
      else section.writer.at = section.headerBytes
    }
  }

  #sectionOf(scope: Scope): Section {
    const header = encodeScope(scope)
    const key = header.toString('latin1')
    let section = this.#byName.get(key)
    if (section === undefined) {
      section = { header, headerBytes: header.length, writer: headed(header) }
      this.#byName.set(key, section)
    }
    this.#sections.set(scope, section)
    return section
  }
}

interface Section {
  /** The encoded scope and its schema URL, which every section begins with. */
  readonly header: Buffer
  readonly headerBytes: number
  writer: Writer
}

/** The first field of an Export…ServiceRequest. */
const RESOURCE_ITEMS = 0x0a
const RESOURCE = 0x0a
const SCOPE_ITEMS = 0x12
const SCOPE = 0x0a
const SCHEMA_URL = 0x1a
const RESOURCE_ATTRIBUTES = 0x0a
const SCOPE_NAME = 0x0a
const SCOPE_VERSION = 0x12
const SCOPE_ATTRIBUTES = 0x1a
const SCOPE_DROPPED_ATTRIBUTES = 0x20

/** Taken before the tests of an application can put a clock of their own in its place. */
const startTimer = setTimeout

const KIB = 1024
const INITIAL_SECTION_BYTES = 4 * KIB
const MAX_KEPT_BYTES = 512 * KIB
const MAX_KEPT_SECTIONS = 64
/** Tag and length, as wide as they can be. */
const SECTION_OVERHEAD = 7

function headed(header: Buffer): Writer {
  const writer = new Writer(Math.max(INITIAL_SECTION_BYTES, header.length))
  append(writer, header, header.length)
  return writer
}

function append(to: Writer, from: Buffer, bytes: number): void {
  to.reserve(bytes)
  from.copy(to.buffer, to.at, 0, bytes)
  to.at += bytes
}

function encodeResource({ attributes }: ResourceLike): Buffer {
  const writer = new Writer(KIB)
  const mark = writer.open(RESOURCE, KIB)
  writeAttributes(writer, RESOURCE_ATTRIBUTES, attributes)
  writer.close(mark)
  return writer.copy()
}

function encodeScope(scope: Scope): Buffer {
  const writer = new Writer(KIB)
  const mark = writer.open(SCOPE, scope.name.length)
  writer.text(SCOPE_NAME, scope.name)
  if (scope.version !== undefined && scope.version !== '') writer.text(SCOPE_VERSION, scope.version)
  if (scope.attributes !== undefined) {
    writeAttributes(writer, SCOPE_ATTRIBUTES, scope.attributes)
    writeCount(writer, SCOPE_DROPPED_ATTRIBUTES, scope.droppedAttributesCount)
  }
  writer.close(mark)
  return Buffer.concat([writer.copy(), encodeSchemaUrl(scope.schemaUrl)])
}

function encodeSchemaUrl(url: string | undefined): Buffer {
  const writer = new Writer(KIB)
  if (url !== undefined && url !== '') writer.text(SCHEMA_URL, url)
  return writer.copy()
}
