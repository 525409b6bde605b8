import t from 'tap'
import { linesOf, runProgram } from './program'

t.setTimeout(240_000)

t.test('requests, queries, calls, errors and timings have lines of their own', async (t) => {
  const program = `
    const s = require('sidelight')
    s.logHttpRequest({ method: 'GET', path: '/a', statusCode: 200, durationMs: 1.26, userId: 'u-1' })
    s.logHttpRequest({ method: 'GET', path: '/a', statusCode: 404, durationMs: 1 })
    s.logHttpRequest({ method: 'GET', path: '/a', statusCode: 500, durationMs: 1 })
    s.logDatabaseOperation({ operation: 'SELECT', table: 'orders', durationMs: 49, rowsAffected: 2, success: true })
    s.logDatabaseOperation({ operation: 'SELECT', table: 'orders', durationMs: 50 })
    s.logDatabaseOperation({ operation: 'SELECT', table: 'orders', durationMs: 50, success: false })
    s.logExternalApiCall({ service: 'bank', api: 'charges', statusCode: 201, durationMs: 5 })
    s.logExternalApiCall({ service: 'bank', statusCode: 503, durationMs: 5 })
    s.logError(Object.assign(new RangeError('too many'), { code: 'E_MANY' }), { module: 'orders', operation: 'add', userId: 'u-1' })
    s.logError('a text')
    const timer = s.startOperationTimer('import', 'catalogue', { source: 'ftp' })
    const ms = timer.end({ count: 3 })
    if (timer.end() !== ms || timer.fail(new Error()) !== ms || timer.elapsedMs() !== ms) throw new Error('twice')
    s.logWithTiming('add', 'maths', () => 1)
    ;(async () => {
      await s.logWithTiming('wait', 'maths', async () => 2)
      const failure = new Error('late')
      await s.logWithTiming('fail', 'maths', async () => { throw failure }).catch((error) => {
        if (error !== failure) throw error
      })
      try { s.logWithTiming('fail', 'maths', () => { throw failure }) } catch (error) { if (error !== failure) throw error }
      const { requestId } = s.createRequestLogger({ method: 'GET', path: '/' })
      if (!/^[0-9a-f-]{36}$/.test(requestId)) throw new Error(requestId)
    })()`
  const { stdout, stderr, code } = await runProgram(t, program, {
    env: { LOG_SLOW_QUERY_MS: '50', LOG_LEVEL: 'debug' },
  })
  t.same({ code, stderr }, { code: 0, stderr: '' })
  const lines = linesOf(stdout)
  t.match(lines, [
    {
      level: 'info',
      module: 'http',
      event: 'http.request',
      userId: 'u-1',
      message: 'GET /a 200 in 1.3 ms',
    },
    { level: 'warn', statusCode: 404 },
    { level: 'warn', statusCode: 500 },
    { level: 'debug', module: 'database', dbTable: 'orders', rowsAffected: 2, success: true },
    { level: 'warn', slow: true, message: 'SELECT orders was slow: 50 ms' },
    { level: 'error', slow: true, success: false },
    { level: 'info', module: 'external', externalService: 'bank', externalApi: 'charges' },
    { level: 'warn', externalService: 'bank', success: false },
    {
      level: 'error',
      module: 'orders',
      operation: 'add',
      errorType: 'RangeError',
      errorCode: 'E_MANY',
      err: { type: 'RangeError', stack: /too many/ },
      message: 'too many',
    },
    { level: 'error', module: 'app', message: 'a text' },
    { level: 'info', module: 'catalogue', operation: 'import', source: 'ftp', count: 3 },
    { level: 'info', module: 'maths', operation: 'add', durationMs: Number },
    { level: 'info', operation: 'wait', success: true },
    { level: 'error', operation: 'fail', success: false, err: { message: 'late' } },
    { level: 'error', operation: 'fail', success: false, err: { message: 'late' } },
  ])
  t.equal(lines.length, 15)
})

t.test('whatever they are given, they do not throw', async (t) => {
  const program = `
    const s = require('sidelight')
    for (const given of [undefined, null, 7, { get method() { throw new Error('of the application') } }]) {
      for (const name of ['logHttpRequest', 'logDatabaseOperation', 'logExternalApiCall']) s[name](given)
      s.runInContext({ requestId: 'r-1', correlationId: 'c-1' }, () => s.updateContext(given))
      s.redactText(given)
    }
    s.logError(new Error('told'), null)`
  const { stdout, stderr, code } = await runProgram(t, program)
  t.same({ code, stderr }, { code: 0, stderr: '' })
  t.match(linesOf(stdout).at(-1), { level: 'error', module: 'app', message: 'told' })
})
