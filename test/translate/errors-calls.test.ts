import t from 'tap'
import type { SpanInput } from '../helpers/otlp'
import { createErrorTranslator, exceptionEvent, fault, onlyThrow } from './translated-errors'

const SERVER = 2
const CLIENT = 3
const ERROR = { code: 2 }
const TRACE = '0102030405060708090a0b0c0d0e0f10'
const EVENTS = [exceptionEvent(fault('no money'))]

t.test(
  'the exception of a call whose stack has no frame of the application counts unless somebody says more',
  (t) => {
    const { spans } = createErrorTranslator()
    const name = 'error'
    const message = 'duplicate key'
    const alien = [
      'at parse (/srv/app/node_modules/pg-protocol/dist/parser.js:306:11)',
      'at Socket.emit (node:events:524:28)',
    ]
    const callOf = (frames: readonly string[], kind = CLIENT): SpanInput => {
      const stack = [`${name}: ${message}`, ...frames].join('\n    ')
      const events = [exceptionEvent({ name, message, stack })]
      return { traceId: TRACE, kind, status: ERROR, events }
    }
    const alone = spans([callOf(alien)])
    t.strictSame(alone.throws, [])
    t.match(alone.candidates, [{ severity: 13 }])
    const beside = spans([callOf(alien), { traceId: TRACE, events: EVENTS }])
    onlyThrow(beside)
    t.strictSame(beside.candidates, [])
    onlyThrow(spans([callOf([...alien, 'at save (/srv/app/src/save.js:3:1)'])]))
    onlyThrow(spans([callOf(alien, SERVER)]))
    t.end()
  },
)

t.test('an exception of a span that nobody caught is fatal', (t) => {
  const { spans } = createErrorTranslator()
  const event = exceptionEvent({ name: 'Error', message: 'gone' })
  const attributes = {
    ...event.attributes,
    'exception.mechanism': 'uncaughtException',
    'exception.escaped': true,
  }
  const uncaught = { ...event, attributes }
  const thrown = onlyThrow(spans([{ traceId: TRACE, status: ERROR, events: [uncaught] }]))
  t.match(thrown, { severity: 21, isHandled: false })
  t.end()
})
