import { once } from 'node:events'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import t from 'tap'
import { createLog, redactText } from '../../collector/telemetry/log'
import { runScript } from '../helpers/process'

function capture() {
  const lines: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  return { stream, lines }
}

const SECRET = 'hunter2-hunter2'

const LINES: [string, object | string][] = [
  ['a field', { token: SECRET }],
  ['a nested field', { config: { password: SECRET } }],
  ['a header', { req: { headers: { authorization: `Basic ${SECRET}`, cookie: SECRET } } }],
  ['the password of a URL', { url: `postgres://user:${SECRET}@db:5432/app` }],
  ['a password with an at sign', { url: `postgres://user:${SECRET}@${SECRET}@db/app` }],
  ['the message', `cannot connect to postgresql://user:${SECRET}@db/app`],
  ['a query', { url: `/api/x?limit=5&token=${SECRET}&hours=1` }],
  ['a keyword string', `host=db password=${SECRET} user=x`],
  ['a bearer token in a message', `got Bearer ${SECRET}`],
  ['an error', { err: new Error(`refused ${SECRET} at postgres://u:${SECRET}@h/d`.slice(16)) }],
]

for (const [what, line] of LINES) {
  t.test(`a secret in ${what} is not logged`, (t) => {
    const { stream, lines } = capture()
    const log = createLog('info', stream)
    if (typeof line === 'string') log.info(line)
    else log.info(line, 'said')
    t.equal(lines.length, 1)
    t.notMatch(lines[0], SECRET)
    t.type(JSON.parse(lines[0] ?? ''), 'object', 'the line is still JSON')
    t.end()
  })
}

t.test('what is not secret stays', (t) => {
  for (const text of [
    'http://127.0.0.1:4319/health?limit=5',
    'postgres://db:5432/app',
    'mail to a@b.example: 10:30',
    'the bearer of news',
  ]) {
    t.equal(redactText(text), text)
  }
  t.equal(redactText('x?token=abc&a=1'), 'x?token=[redacted]&a=1')
  t.equal(redactText('postgres://u:p@h/d'), 'postgres://u:[redacted]@h/d')
  t.end()
})

t.test('a line has its level as a word, an ISO time and the fields of its part', (t) => {
  const { stream, lines } = capture()
  createLog('warn', stream).child({ part: 'api' }).warn({ count: 3 }, 'first failure')
  createLog('warn', stream).info('not said')
  t.equal(lines.length, 1)
  t.match(JSON.parse(lines[0] ?? ''), {
    level: 'warn',
    time: /^\d{4}-\d\d-\d\dT.*Z$/,
    part: 'api',
    count: 3,
    msg: 'first failure',
  })
  t.end()
})

const CHILD = join(__dirname, '..', 'helpers', 'log-child.ts')

t.test('what was logged before the end is written, in its order', async (t) => {
  const child = runScript(t, CHILD)
  for (const message of [/^(long ){100000}$/, /^last$/]) {
    t.match((JSON.parse(await child.line()) as { msg: string }).msg, message)
  }
  t.equal(await child.end('SIGTERM'), 7)
})

t.test('a log that nobody reads any more keeps no end', async (t) => {
  const child = runScript(t, CHILD)
  child.child.stdout?.destroy()
  await once(child.child, 'exit')
  t.equal(child.child.exitCode, 7)
})
