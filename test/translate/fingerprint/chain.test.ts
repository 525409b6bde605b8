import { inspect } from 'node:util'
import pino from 'pino'
import t from 'tap'
import { take } from './reports'

class Late extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Late'
  }
}

function find(): never {
  throw new Error('no row\n    at fake (/app/fake.js:1:2)\ncaused by: nobody')
}

function load(): never {
  try {
    find()
  } catch (cause) {
    throw new Late('cannot load 17', { cause })
  }
}

function caught(run: () => void): Error {
  try {
    run()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

t.test('a chain is the same as pino and as util.inspect tell it', async (t) => {
  const error = caught(load)
  const logged = pino.stdSerializers.err(error)
  const byPino = take({ type: logged.type, message: logged.message, stack: logged.stack })
  t.strictSame(
    byPino.exceptions.map(({ class: name, message }) => [name, message]),
    [
      ['Late', 'cannot load 17'],
      ['Error', 'no row\n    at fake (/app/fake.js:1:2)\ncaused by: nobody'],
    ],
  )
  t.notOk(JSON.stringify(byPino.exceptions.map(({ frames }) => frames)).includes('fake'))
  t.match(byPino.culprit, /^find \(/)
  const plain = caught(() => {
    try {
      JSON.parse('{')
    } catch (cause) {
      throw new Late('cannot read', { cause })
    }
  })
  const serialised = pino.stdSerializers.err(plain)
  const pinoed = take({ type: '', message: serialised.message, stack: serialised.stack })
  const inspected = take({ type: plain.name, message: plain.message, stack: inspect(plain) })
  t.strictSame(inspected.alone, pinoed.alone)
  t.equal(inspected.alone.length, 2)
})

t.test('a sender that knows no cause has the outermost exception in common', async (t) => {
  const error = caught(load)
  const logged = pino.stdSerializers.err(error)
  const event = take({ type: error.name, message: error.message, stack: error.stack ?? '' })
  const log = take({ type: logged.type, message: logged.message, stack: logged.stack })
  t.equal(event.alone[0], log.alone[0])
  t.equal(event.innermost, event.alone.at(-1))
  t.equal(log.innermost, log.alone.at(-1))
  const single = caught(find)
  const one = pino.stdSerializers.err(single)
  const [a, b] = [
    take({ type: 'E_ROW', message: single.message, stack: single.stack ?? '', peer: 'db' }),
    take({ type: one.type, message: one.message, stack: one.stack }),
  ]
  t.equal(a.innermost, b.innermost)
})

t.test('aggregates: the errors in them count, in no order', async (t) => {
  const all = (...messages: string[]) => {
    const error = new AggregateError(
      messages.map((message) => new Error(message)),
      'all failed',
    )
    return take({ type: error.name, message: error.message, stack: inspect(error) })
  }
  t.equal(all('a', 'b').exceptions[0]?.members?.length, 2)
  t.equal(all('a', 'b').innermost, all('c').innermost)
})

t.test('Java leaves out what a cause has in common, and it is put back', async (t) => {
  const stack = [
    'com.shop.Outer: out',
    '\tat com.shop.A.a(A.java:1)',
    '\tat com.shop.B.b(B.java:2)',
    'Caused by: com.shop.Inner: in',
    '\tat com.shop.C.c(C.java:3)',
    '\t... 1 more',
  ].join('\n')
  const { exceptions, culprit } = take({ type: 'com.shop.Outer', message: 'out', stack })
  t.strictSame(
    exceptions.map(({ class: name, frames }) => [name, ...frames.map((frame) => frame.function)]),
    [
      ['com.shop.Outer', 'a', 'b'],
      ['com.shop.Inner', 'c', 'b'],
    ],
  )
  t.equal(culprit, 'c (com.shop.C)')
})

t.test('Python has the nearest frame last and the cause first', async (t) => {
  const stack = `Traceback (most recent call last):
  File "/app/db.py", line 3, in find
    return rows[0]
IndexError: list index out of range

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/main.py", line 9, in <module>
    load()
  File "/app/shop.py", line 5, in load
    raise Late("cannot load") from error
shop.Late: cannot load
`
  const { exceptions } = take({ type: 'shop.Late', message: 'cannot load', stack })
  t.strictSame(
    exceptions.map(({ class: name, frames }) => [name, ...frames.map(({ path }) => path)]),
    [
      ['shop.Late', 'shop.py', 'main.py'],
      ['IndexError', 'db.py'],
    ],
  )
})
