import type { Random } from '../helpers/random'
import {
  anyValue,
  attributes,
  many,
  type Message,
  resource,
  scope,
  some,
  STRINGS,
  time,
} from './trace-generator'

const SEVERITY_TEXTS = [
  '',
  'info',
  'Warning',
  'FATAL3',
  'err',
  'INFORMATIONAL',
  'Notice',
  'nonsense',
  'ERROR ',
  'a severity of more letters than any',
]

/** An ExportLogsServiceRequest as protobufjs takes it, of everything the messages can hold. */
export function generateLogs(random: Random): Message {
  return {
    resourceLogs: many(random, 3, () =>
      some(random, {
        resource: () => resource(random),
        scopeLogs: () =>
          many(random, 3, () =>
            some(random, {
              scope: () => scope(random),
              logRecords: () => many(random, 6, () => logRecord(random)),
              schemaUrl: () => random.pick(STRINGS),
            }),
          ),
        schemaUrl: () => random.pick(STRINGS),
      }),
    ),
  }
}

function logRecord(random: Random): Message {
  return some(random, {
    timeUnixNano: () => time(random),
    observedTimeUnixNano: () =>
      random.chance(0.1) ? '18446744073709551615' : random.pick(['0', time(random)]),
    severityNumber: () => random.pick([0, 0, 1, 9, 12, 17, 24, 25, -1, 2_147_483_647]),
    severityText: () => random.pick(SEVERITY_TEXTS),
    body: () => (random.chance(0.5) ? { stringValue: random.pick(STRINGS) } : anyValue(random, 0)),
    attributes: () => attributes(random),
    droppedAttributesCount: () => random.pick([0, 1, 4_294_967_295]),
    flags: () => random.pick([0, 1, 0xffff_ffff]),
    traceId: () => id(random, 16),
    spanId: () => id(random, 8),
    eventName: () => random.pick(STRINGS),
  })
}

function id(random: Random, length: number): Buffer {
  if (random.chance(0.8)) return random.bytes(length)
  return random.pick([Buffer.alloc(0), Buffer.alloc(length), random.bytes(length + 1)])
}
