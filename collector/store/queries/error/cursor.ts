import { type ErrorOrder, ERROR_ORDERS } from './question'
import { BadData } from '../../../errors'

/** A group's place in an order. */
export interface ErrorPlace {
  /** What it is ordered by, an integer: unix nanoseconds, unix microseconds for `first_seen`, or a count. */
  readonly value: string
  /** Of the group, which tells those of one value apart. */
  readonly id: string
}

/** The text of a place, opaque to everybody else. */
export function writePlace(order: ErrorOrder, { value, id }: ErrorPlace): string {
  return Buffer.from([order, value, id].join(' ')).toString('base64url')
}

/** Throws BadData for what is no place, or one in another order. */
export function readPlace(order: ErrorOrder, text: string): ErrorPlace {
  const match = FORM.exec(Buffer.from(text, 'base64url').toString())
  if (match === null) throw new BadData('The cursor is none that a list of errors gave.')
  const [, of, value = '', id = ''] = match
  if (of !== order) throw new BadData(`The cursor is one of a list in the order ${of}.`)
  return { value, id }
}

/** Whether a place comes before another; the greatest values come first. */
export function isBefore(a: ErrorPlace, b: ErrorPlace): boolean {
  const difference = BigInt(a.value) - BigInt(b.value)
  return difference === 0n ? a.id > b.id : difference > 0n
}

const FORM = new RegExp(
  `^(${ERROR_ORDERS.join('|')}) (-?\\d{1,18}|-?[1-8]\\d{18}) ([\\da-f]{8}(?:-[\\da-f]{4}){3}-[\\da-f]{12})$`,
)
