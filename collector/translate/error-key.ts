import { createHash } from 'node:crypto'
import type { ErrorReport } from './fingerprint/fingerprint'
import { parameterise } from './fingerprint/message'
import type { FingerprintRules } from './fingerprint/rules'

const FIRST_ROOM_BYTES = 16 * 1_024
/** The keys of longer ones are hashed, so that those remembered stay small. */
const LONGEST_KEY_BYTES = 4_096
/** UTF-8 takes up to three bytes for a unit of UTF-16. */
const BYTES_A_UNIT = 3
const ATTRIBUTE_VARIABLE = /\{\{\s*attribute\.(.+?)\s*\}\}/g

/** What of the texts is in a key. */
const FORM = { whole: 0, none: 1, fixed: 2, varying: 3 } as const

/** Everything the fingerprint of an error depends on, as bytes; the same memory serves for all of them. */
export class ErrorKey {
  readonly #hasRules: boolean
  readonly #ruleAttributes: readonly string[]
  bytes = Buffer.allocUnsafeSlow(FIRST_ROOM_BYTES)
  end = 0

  constructor(rules: FingerprintRules) {
    this.#hasRules = rules.rules.length > 0
    this.#ruleAttributes = attributesOf(rules)
  }

  write(report: ErrorReport): void {
    this.end = 0
    this.#text(report.kind)
    this.#said(report)
    this.#text(report.module)
    this.#text(report.operation)
    this.#optional(report.code)
    this.#optional(report.peer)
    this.#optional(report.root)
    this.#optional(report.explicit)
    this.#number(report.severity)
    this.#number(report.failure.length)
    for (const part of report.failure) this.#text(part)
    for (const name of this.#ruleAttributes) this.#optional(report.attribute(name))
    if (report.explicit?.includes('{{') === true) {
      for (const [, name = ''] of report.explicit.matchAll(ATTRIBUTE_VARIABLE)) {
        this.#optional(report.attribute(name))
      }
    }
    if (this.end > LONGEST_KEY_BYTES) this.#shorten()
  }

  /**
   * The texts, so far as they count: of a failed span none does, and of a log record without a stack no more than what is left once
   * all that varies is replaced, so that the texts of a template have one key.
   */
  #said(report: ErrorReport): void {
    if (this.#isAsked(report)) return this.#whole(report)
    if (report.kind === 'span') return this.#number(FORM.none)
    if (report.kind !== 'log' || report.template.includes('\n')) return this.#whole(report)
    const template = parameterise(report.template)
    this.#number(template === report.template ? FORM.fixed : FORM.varying)
    this.#text(template)
  }

  /** Whether a rule or the application decides, who may look at any of the texts. */
  #isAsked({ explicit }: ErrorReport): boolean {
    return this.#hasRules || (explicit !== null && explicit !== '')
  }

  #whole(report: ErrorReport): void {
    this.#number(FORM.whole)
    this.#text(report.type)
    this.#text(report.message)
    this.#text(report.stack)
    this.#text(report.template)
  }

  #optional(text: string | null): void {
    this.#number(text === null ? 0 : 1)
    if (text !== null) this.#text(text)
  }

  #text(text: string): void {
    this.#reserve(4 + text.length * BYTES_A_UNIT)
    const start = this.end + 4
    const length = this.bytes.write(text, start)
    this.bytes.writeUInt32BE(length, this.end)
    this.end = start + length
  }

  #number(value: number): void {
    this.#reserve(4)
    this.end = this.bytes.writeUInt32BE(value, this.end)
  }

  #reserve(size: number): void {
    if (this.bytes.length - this.end >= size) return
    const grown = Buffer.allocUnsafeSlow((this.end + size) * 2)
    this.bytes.copy(grown, 0, 0, this.end)
    this.bytes = grown
  }

  #shorten(): void {
    const digest = createHash('sha256').update(this.bytes.subarray(0, this.end)).digest()
    this.end = digest.copy(this.bytes)
    if (this.bytes.length > FIRST_ROOM_BYTES) {
      const { bytes } = this
      this.bytes = Buffer.allocUnsafeSlow(FIRST_ROOM_BYTES)
      bytes.copy(this.bytes, 0, 0, this.end)
    }
  }
}

/** The attributes that rules ask for. */
function attributesOf({ rules }: FingerprintRules): string[] {
  const names = rules.flatMap(({ match, fingerprint }) => [
    ...match.map(({ field }) => field).filter((field) => field.startsWith('attribute.')),
    ...fingerprint.flatMap((part) =>
      [...part.matchAll(ATTRIBUTE_VARIABLE)].map(([, name]) => `attribute.${name}`),
    ),
  ])
  return [...new Set(names.map((name) => name.slice('attribute.'.length)))]
}
