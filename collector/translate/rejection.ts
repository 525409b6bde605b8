interface Refused {
  count: number
  readonly example: string
}

/** The offending item of a rejection, in words. */
export interface RejectedItem {
  /** The name it goes by, which may be empty. */
  readonly name: string
  /** Its offending value. */
  readonly fault: string
}

const LONGEST_NAME = 80

/** Counts the refused items of a request by reason and keeps an example of each. */
export class Rejections {
  readonly #one: string
  readonly #many: string
  readonly #byReason = new Map<string, Refused>()
  count = 0

  /** What an item is called, as in "span" and "spans". */
  constructor(one: string, many: string) {
    this.#one = one
    this.#many = many
  }

  /** `reason` says how to mend it; `describe` is asked for an example only the first time. */
  add(reason: string, describe: () => RejectedItem): void {
    this.count++
    const refused = this.#byReason.get(reason)
    if (refused !== undefined) {
      refused.count++
      return
    }
    const { name, fault } = describe()
    const shown = name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name
    const example = `in ${this.#one} ${JSON.stringify(shown)}, ${fault}`
    this.#byReason.set(reason, { count: 1, example })
  }

  /** One message for the sender, empty when nothing was refused. */
  message(total: number): string {
    if (this.count === 0) return ''
    const reasons = [...this.#byReason].map(
      ([reason, { count, example }]) => `${count} because ${reason} (${example})`,
    )
    return `rejected ${this.count} of ${total} ${this.#many}: ${reasons.join('; ')}`
  }
}
