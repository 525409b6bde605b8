import t from 'tap'
import type { LogRecordInput } from '../helpers/otlp-logs'
import {
  createErrorTranslator,
  exceptionEvent,
  fault,
  NOON_NS,
  onlyThrow,
} from './translated-errors'

const PAY = fault('no money')
const EVENTS = [exceptionEvent(PAY)]
const EXCEPTION_ATTRIBUTES = EVENTS[0]!.attributes
const ENCODINGS = ['protobuf', 'json'] as const

const PINO = { type: 'Error', message: PAY.message, stack: PAY.stack, code: 'E_MONEY' }
const LOGGED = { source: 'log_exception', message: PAY.message, stackTrace: PAY.stack }

const RECORDS: readonly [claim: string, record: LogRecordInput, throws: object | null][] = [
  [
    'attributes of an exception',
    { severityNumber: 17, attributes: EXCEPTION_ATTRIBUTES },
    { severity: 17, isHandled: true, occurrence: LOGGED },
  ],
  [
    'the severity of a warning',
    { severityNumber: 14, attributes: EXCEPTION_ATTRIBUTES },
    { severity: 13 },
  ],
  ['of information', { severityNumber: 9, attributes: EXCEPTION_ATTRIBUTES }, { severity: 9 }],
  [
    'of what was cancelled',
    { severityNumber: 5, attributes: EXCEPTION_ATTRIBUTES },
    { severity: 5 },
  ],
  ['no severity: an error', { attributes: EXCEPTION_ATTRIBUTES }, { severity: 17 }],
  [
    'the severity a text means',
    { severityText: 'warn', attributes: EXCEPTION_ATTRIBUTES },
    { severity: 13 },
  ],
  [
    'a fatal one was not handled',
    { severityNumber: 21, eventName: 'exception', attributes: EXCEPTION_ATTRIBUTES },
    { severity: 21, isHandled: false },
  ],
  [
    'a fatal one was handled if its sender says so',
    {
      severityNumber: 21,
      attributes: { ...EXCEPTION_ATTRIBUTES, 'exception.handled': true },
    },
    { severity: 21, isHandled: true },
  ],
  [
    'a map of pino in attributes',
    { severityNumber: 17, attributes: { err: PINO } },
    { occurrence: { ...LOGGED, code: 'E_MONEY' } },
  ],
  [
    'under another name',
    { severityNumber: 17, attributes: { exception: PINO } },
    { occurrence: LOGGED },
  ],
  [
    'a map of pino in the body',
    { severityNumber: 17, body: { msg: 'failed', err: PINO } },
    { occurrence: LOGGED },
  ],
  [
    'what a helper tells that failed, which is no error of its own',
    {
      severityNumber: 13,
      eventName: 'sidelight.business',
      attributes: { 'error.type': 'Error', 'error.message': PAY.message },
    },
    null,
  ],
  [
    'that of an event which is an error by its severity',
    {
      severityNumber: 17,
      eventName: 'sidelight.security',
      attributes: { 'error.type': 'Error', 'error.message': PAY.message },
    },
    { severity: 17 },
  ],
  ['a body that is the exception', { severityNumber: 17, body: PINO }, { occurrence: LOGGED }],
  [
    'older names',
    {
      severityNumber: 17,
      attributes: { 'err.name': 'Error', 'err.message': PAY.message, 'err.stack': PAY.stack },
    },
    { occurrence: LOGGED },
  ],
  [
    'names of the Elastic schema',
    {
      severityNumber: 17,
      attributes: {
        'error.type': 'Error',
        'error.message': PAY.message,
        'error.stack_trace': PAY.stack,
      },
    },
    { occurrence: LOGGED },
  ],
  [
    'an error in words',
    { severityNumber: 13, attributes: { error: 'no money' } },
    { severity: 13, occurrence: { source: 'log_exception', message: 'no money' } },
  ],
  [
    'an error that is a flag and no error otherwise',
    { severityNumber: 9, attributes: { error: true } },
    null,
  ],
  [
    'a type alone, of information',
    { severityNumber: 9, attributes: { 'error.type': '500' } },
    null,
  ],
  [
    'an error without an exception',
    { severityNumber: 17, body: 'order 17 failed' },
    { severity: 17, occurrence: { source: 'log', message: 'order 17 failed', stackTrace: null } },
  ],
  [
    'the level by its text alone',
    { severityText: 'SEVERE', body: 'order 17 failed' },
    { severity: 17, occurrence: { source: 'log' } },
  ],
  [
    'a fatal text',
    { severityNumber: 22, body: 'out of memory' },
    { severity: 21, isHandled: false },
  ],
  [
    'a stack in the text',
    { severityNumber: 17, body: `it failed\n${PAY.stack}` },
    { occurrence: { source: 'log_exception', exceptions: [{ class: 'Error' }] } },
  ],
  [
    'a body that is a map, by its words',
    { severityNumber: 17, body: { msg: 'order failed', id: 7 } },
    { occurrence: { source: 'log', message: 'order failed' } },
  ],
  ['a warning without an exception', { severityNumber: 13, body: 'order 17 failed' }, null],
  [
    'a body that is a map without one',
    { severityNumber: 9, body: { errand: 'run', stack: 'of paper' } },
    null,
  ],
]

t.test('what log records tell of errors', (t) => {
  for (const encoding of ENCODINGS) {
    for (const [claim, record, thrown] of RECORDS) {
      const { throws, groups } = createErrorTranslator().records([record], { encoding })
      t.match(throws, thrown === null ? [] : [thrown], `${encoding}: ${claim}`)
      t.equal(throws.length, thrown === null ? 0 : 1, claim)
      t.equal(groups.size, throws.length, 'its hash is in the dictionary')
    }
  }
  t.end()
})

t.test('however a throw is told of, it has one hash', (t) => {
  const { spans, records } = createErrorTranslator()
  const { hash, innermost } = onlyThrow(spans([{ events: EVENTS }]))
  for (const record of [
    { attributes: EXCEPTION_ATTRIBUTES },
    { attributes: { err: { type: 'Error', message: PAY.message, stack: PAY.stack } } },
    { body: { err: { type: 'Error', message: PAY.message, stack: PAY.stack } } },
    { severityNumber: 17, body: PAY.stack },
  ]) {
    t.match(onlyThrow(records([record])), { hash, innermost }, JSON.stringify(record))
  }
  t.end()
})

t.test('log records of a template are of one group, whatever their texts', (t) => {
  const { records } = createErrorTranslator()
  const hashes = ['message.template', 'log.template', '{OriginalFormat}'].map((name) => {
    const told = ['ann', 'bob'].map((who) => ({
      severityNumber: 17,
      body: `${who} cannot pay`,
      timeUnixNano: NOON_NS + BigInt(who.charCodeAt(0)),
      attributes: { [name]: '{who} cannot pay' },
    }))
    return records(told).throws.map(({ hash }) => hash)
  })
  t.equal(new Set(hashes.flat()).size, 1)
  t.equal(hashes.flat().length, 6)
  t.end()
})
