import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Signal } from '../../instrumentation/delivery/contract'
import { isLoopback, readDestination } from '../../instrumentation/delivery/settings'
import { ROOT } from './application'

const OTLP = 'OTEL_EXPORTER_OTLP'

t.test(
  'the endpoint is the one of the signal as it is, else the general one and v1/<signal>',
  (t) => {
    const cases: [Record<string, string>, Signal, string][] = [
      [{}, 'traces', 'http://127.0.0.1:4318/v1/traces'],
      [{}, 'metrics', 'http://127.0.0.1:4318/v1/metrics'],
      [{ ENDPOINT: '  ' }, 'logs', 'http://127.0.0.1:4318/v1/logs'],
      [{ ENDPOINT: 'https://a.example' }, 'traces', 'https://a.example/v1/traces'],
      [{ ENDPOINT: 'http://a.example:1/otlp' }, 'logs', 'http://a.example:1/otlp/v1/logs'],
      [{ ENDPOINT: 'http://a.example/otlp/' }, 'logs', 'http://a.example/otlp/v1/logs'],
      [{ ENDPOINT: 'http://a.example/otlp?x=1#y' }, 'logs', 'http://a.example/otlp/v1/logs?x=1'],
      [{ TRACES_ENDPOINT: 'http://b.example/t' }, 'traces', 'http://b.example/t'],
      [{ TRACES_ENDPOINT: 'http://b.example' }, 'traces', 'http://b.example/'],
      [{ TRACES_ENDPOINT: 'http://b.example/t' }, 'logs', 'http://127.0.0.1:4318/v1/logs'],
      [{ ENDPOINT: 'http://a', TRACES_ENDPOINT: 'http://b/t' }, 'traces', 'http://b/t'],
      [{ ENDPOINT: 'http://user:secret@a.example' }, 'traces', 'http://a.example/v1/traces'],
    ]
    for (const [variables, signal, url] of cases) {
      const name = `${signal} of ${JSON.stringify(variables)}`
      t.equal(readDestination(signal, prefixed(variables)).url.href, url, name)
    }
    t.end()
  },
)

t.test('headers are percent-decoded pairs; those of the signal win', (t) => {
  const cases: [Record<string, string>, Record<string, string>][] = [
    [{}, {}],
    [{ HEADERS: 'Api-Key=k%20e%3Dy, b = c ' }, { 'api-key': 'k e=y', b: 'c' }],
    [{ HEADERS: 'a=1;property=2,b=x=y' }, { a: '1', b: 'x=y' }],
    [
      { HEADERS: 'a=1,b=2', TRACES_HEADERS: 'A=3' },
      { a: '3', b: '2' },
    ],
    [{ HEADERS: 'a=1', LOGS_HEADERS: 'a=3' }, { a: '1' }],
    [
      { ENDPOINT: 'http://us%40er:p%3Aw@a' },
      { authorization: `Basic ${Buffer.from('us@er:p:w').toString('base64')}` },
    ],
    [
      { ENDPOINT: 'http://u:p@a', HEADERS: 'authorization=Bearer%20t' },
      { authorization: 'Bearer t' },
    ],
  ]
  for (const [variables, headers] of cases) {
    t.same(
      readDestination('traces', prefixed(variables)).headers,
      headers,
      JSON.stringify(variables),
    )
  }
  t.end()
})

t.test('compression and time-out are those of the signal, else the general ones', (t) => {
  const read = (variables: Record<string, string>) => readDestination('logs', prefixed(variables))
  t.match(read({}), { compression: 'none', timeoutMs: 10_000 })
  t.match(read({ COMPRESSION: 'gzip', TIMEOUT: '250' }), { compression: 'gzip', timeoutMs: 250 })
  t.match(read({ COMPRESSION: 'gzip', LOGS_COMPRESSION: 'none' }), { compression: 'none' })
  t.match(read({ TIMEOUT: '250', LOGS_TIMEOUT: '100' }), { timeoutMs: 100 })
  t.end()
})

t.test('certificates are read for https', (t) => {
  const file = join(t.testdir(), 'ca.pem')
  writeFileSync(file, 'pem')
  const variables = { CERTIFICATE: file, CLIENT_KEY: file, TRACES_CLIENT_CERTIFICATE: file }
  const pem = Buffer.from('pem')
  const secure = prefixed({ ...variables, ENDPOINT: 'https://a' })
  t.same(readDestination('traces', secure).tls, { ca: pem, key: pem, cert: pem })
  t.same(readDestination('logs', secure).tls, { ca: pem, key: pem })
  t.same(readDestination('traces', prefixed({ ...variables, ENDPOINT: 'http://a' })).tls, {})
  t.end()
})

t.test('a value that cannot be used is told in one line without it, and counts as unset', (t) => {
  const cases: [Record<string, string>, RegExp, object][] = [
    [{ ENDPOINT: 'secret no url' }, /OTLP_ENDPOINT is not a URL of http or https/, DEFAULTS],
    [{ ENDPOINT: 'secret:4318' }, /OTLP_ENDPOINT is not a URL/, DEFAULTS],
    [{ ENDPOINT: 'ftp://u:secret@a' }, /OTLP_ENDPOINT is not a URL/, DEFAULTS],
    [{ TRACES_ENDPOINT: 'http://u:secret@[' }, /OTLP_TRACES_ENDPOINT is not a URL/, DEFAULTS],
    [{ HEADERS: 'a' }, /pair 1 of OTEL_EXPORTER_OTLP_HEADERS/, DEFAULTS],
    [{ HEADERS: '=secret' }, /pair 1 of OTEL_EXPORTER_OTLP_HEADERS/, DEFAULTS],
    [{ HEADERS: 'a=%E0%A4%A' }, /pair 1 of/, DEFAULTS],
    [{ HEADERS: 'b c=secret' }, /pair 1 of/, DEFAULTS],
    [{ HEADERS: 'a=secret%0D%0Ab: c' }, /pair 1 of/, DEFAULTS],
    [{ HEADERS: 'x=y,content-length=secret' }, /pair 2 of/, { ...DEFAULTS, headers: { x: 'y' } }],
    [{ COMPRESSION: 'secret' }, /COMPRESSION is neither gzip nor none/, DEFAULTS],
    [{ TIMEOUT: 'secret' }, /TIMEOUT is not a number of milliseconds, 10000/, DEFAULTS],
    [{ TIMEOUT: '-1' }, /TIMEOUT is not a number/, DEFAULTS],
    [{ TRACES_TIMEOUT: 'Infinity' }, /TRACES_TIMEOUT is not a number/, DEFAULTS],
    [
      { ENDPOINT: 'https://a', CERTIFICATE: '/nowhere' },
      /cannot read the file of OTEL_EXPORTER_OTLP_CERTIFICATE: ENOENT/,
      { url: 'https://a/v1/traces', tls: {} },
    ],
  ]
  for (const [variables, line, destination] of cases) {
    const name = JSON.stringify(variables)
    const { stdout, stderr } = readInChild(prefixed(variables))
    t.match(stderr, new RegExp(`^sidelight: [^\\n]*${line.source}[^\\n]*\\n$`), name)
    t.notMatch(stderr, /secret/, `${name} is not printed`)
    t.match(JSON.parse(stdout), destination, name)
  }
  t.end()
})

t.test('this machine is 127.0.0.0/8, ::1 and localhost', (t) => {
  for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '[::1]', '127.1']) {
    t.ok(isLoopback(new URL(`http://${host}:4318`)), host)
  }
  for (const host of ['10.0.0.1', '127.0.0.1.example', 'localhost.example', '[::2]', '0.0.0.0']) {
    t.notOk(isLoopback(new URL(`http://${host}:4318`)), host)
  }
  t.end()
})

const DEFAULTS = {
  url: 'http://127.0.0.1:4318/v1/traces',
  headers: {},
  compression: 'none',
  timeoutMs: 10_000,
}

function prefixed(variables: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [`${OTLP}_${name}`, value]),
  )
}

/** A process says one thing only, hence one for each. */
function readInChild(env: Record<string, string>): { stdout: string; stderr: string } {
  const script = `
    const { readDestination } = require('./instrumentation/delivery/settings.ts')
    console.log(JSON.stringify(readDestination('traces', process.env)))`
  const { PATH } = process.env
  return spawnSync(process.execPath, ['--require', 'tsx/cjs', '--eval', script], {
    cwd: ROOT,
    env: { PATH, NODE_OPTIONS: '', ...env },
    encoding: 'utf8',
  })
}
