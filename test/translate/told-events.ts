import type { Attributes } from '../helpers/otlp'
import type { LogRecordInput } from '../helpers/otlp-logs'
import {
  type EventRollupRow,
  eventRollupRows,
  type EventRow,
  eventRows,
} from '../helpers/event-rows'
import { create, NOW_NS, request } from './translated-logs'

export const MICROS = NOW_NS / 1_000n

/** A record of this event. */
export function eventOf(
  eventName: string,
  attributes: Attributes = {},
  fields: LogRecordInput = {},
): LogRecordInput {
  return { eventName, attributes, ...fields }
}

export interface Told {
  readonly rows: readonly EventRow[]
  readonly rollups: readonly EventRollupRow[]
}

/** What records of one service become. */
export function tellAll(records: readonly LogRecordInput[]): Told {
  const translated = create()(request({ service: 'shop', records }))
  return { rows: eventRows(translated), rollups: eventRollupRows(translated) }
}

/** What one record becomes. */
export function tell(eventName: string, attributes: Attributes = {}): Told {
  return tellAll([eventOf(eventName, attributes)])
}
