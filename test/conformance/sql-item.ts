import { attributesOf, jsonOf, present, type Row } from './sql-store'
import { anyValueOf, isList, type Json, keyValuesOf, plainOf } from './stored-value'
import type { Message } from './target'

/** A row of the view `spans` as a Span. */
export function spanOf(row: Row): Message {
  return {
    traceId: hex(row['trace_hex']),
    spanId: hex(row['span_hex']),
    ...present('parentSpanId', row['parent_span_hex'] && hex(row['parent_span_hex'])),
    ...present('traceState', row['trace_state']),
    flags: Number(row['flags']),
    name: row['name'],
    kind: Number(row['kind_code']),
    startTimeUnixNano: row['start_unix_nano'],
    endTimeUnixNano: row['end_unix_nano'],
    attributes: attributesOf(row, 'attributes'),
    droppedAttributesCount: Number(row['dropped_attributes_count']),
    events: objects(jsonOf(row, 'events')).map(eventOf),
    droppedEventsCount: Number(row['dropped_events_count']),
    links: objects(jsonOf(row, 'links')).map(linkOf),
    droppedLinksCount: Number(row['dropped_links_count']),
    ...statusOf(row),
  }
}

/** A row of the view `logs` as a LogRecord. */
export function logRecordOf(row: Row): Message {
  const body = jsonOf(row, 'body_value')
  return {
    timeUnixNano: row['time_unix_nano'],
    observedTimeUnixNano: row['observed_time_unix_nano'],
    severityNumber: Number(row['sent_severity_number']),
    ...present('severityText', row['sent_severity_text']),
    ...(body !== undefined && { body: anyValueOf(body) }),
    attributes: attributesOf(row, 'attributes'),
    droppedAttributesCount: Number(row['dropped_attributes_count']),
    flags: Number(row['flags']),
    ...present('traceId', row['trace_hex'] && hex(row['trace_hex'])),
    ...present('spanId', row['span_hex'] && hex(row['span_hex'])),
    ...present('eventName', row['event_name']),
  }
}

export function objects(json: Json | undefined): readonly Readonly<Record<string, Json>>[] {
  return json !== undefined && isList(json) ? (json as readonly Record<string, Json>[]) : []
}

export function hex(text: Json | undefined): Buffer {
  return Buffer.from(typeof text === 'string' ? text : '', 'hex')
}

/** A status that was sent empty is as one that was not sent. */
function statusOf(row: Row): Message {
  const code = Number(row['status_code'])
  const message = row['status_message'] ?? ''
  return code === 0 && message === '' ? {} : { status: { code, message } }
}

function eventOf(event: Readonly<Record<string, Json>>): Message {
  return {
    timeUnixNano: plainOf(event['time_unix_nano']),
    name: event['name'],
    ...attributesAndDropped(event),
  }
}

function linkOf(link: Readonly<Record<string, Json>>): Message {
  return {
    traceId: hex(link['trace_id']),
    spanId: hex(link['span_id']),
    ...present('traceState', link['trace_state']),
    flags: Number(plainOf(link['flags']) ?? 0),
    ...attributesAndDropped(link),
  }
}

function attributesAndDropped(part: Readonly<Record<string, Json>>): Message {
  return {
    attributes: keyValuesOf(part['attributes'] ?? {}),
    droppedAttributesCount: Number(plainOf(part['dropped_attributes_count']) ?? 0),
  }
}
