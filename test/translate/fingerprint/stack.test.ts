import t from 'tap'
import { readFrame } from '../../../collector/translate/fingerprint/frames'
import { NO_RULES } from '../../../collector/translate/fingerprint/rules'
import {
  elisionOf,
  parseAtLine,
  parseOtherLine,
} from '../../../collector/translate/fingerprint/stack'

type Read = [name: string | null, path: string | null, position: string, kind: string]

const read = (line: string): Read | null => {
  const raw = line.startsWith('at ') ? parseAtLine(line) : parseOtherLine(line)
  if (raw === null) return null
  const { frame, origin, isNoise } = readFrame(raw, null, NO_RULES, new Set())
  const kind = isNoise ? 'noise' : frame.isInApp ? 'app' : origin
  return [frame.function, frame.path, `${frame.line}:${frame.column}`, kind]
}

const V8: [reason: string, line: string, expected: Read | null][] = [
  [
    'async method',
    'at async Repo.load (file:///srv/shop/a.mjs:3:30)',
    ['Repo.load', 'a.mjs', '3:30', 'app'],
  ],
  ['async, no function', 'at async file:///srv/shop/a.mjs:6:7', [null, 'a.mjs', '6:7', 'app']],
  ['no file', 'at async Promise.all (index 0)', ['Promise.all', null, 'null:null', 'noise']],
  ['builtin', 'at Array.map (<anonymous>)', ['Array.map', null, 'null:null', 'none']],
  ['native', 'at sort (native)', ['sort', null, 'null:null', 'none']],
  ['constructor', 'at new Foo (/app/a.js:4:34)', ['new Foo', 'a.js', '4:34', 'app']],
  ['alias', 'at Object.named [as al] (/app/a.js:1:2)', ['named', 'a.js', '1:2', 'app']],
  ['getter', 'at Foo.get bar [as bar] (/app/a.js:1:2)', ['Foo.get bar', 'a.js', '1:2', 'app']],
  ['private', 'at #priv (/app/a.js:1:2)', ['#priv', 'a.js', '1:2', 'app']],
  ['name with spaces', 'at my key (/app/a.js:1:2)', ['my key', 'a.js', '1:2', 'app']],
  [
    'name and path with brackets',
    'at my key (x) (/app/my app (v2)/x.js:1:2)',
    ['my key (x)', 'my app (v2)/x.js', '1:2', 'app'],
  ],
  ['a name a minifier may have given', 'at t.n (/app/a.js:1:2)', [null, 'a.js', '1:2', 'app']],
  [
    'relative path with brackets',
    'at add (my app (v2).js:1:2)',
    ['add', 'my app (v2).js', '1:2', 'app'],
  ],
  [
    'eval is where it was made',
    'at made (eval at <anonymous> (/app/a.js:10:7), <anonymous>:1:23)',
    ['made', 'a.js', '10:7', 'app'],
  ],
  [
    'eval in eval',
    'at made (eval at f (eval at g (/app/a (b)/a.js:1:2)), <anonymous>:1:1)',
    ['made', 'a (b)/a.js', '1:2', 'app'],
  ],
  [
    'runtime',
    'at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16)',
    ['TCPConnectWrap.afterConnect', 'node:net', '1611:16', 'system'],
  ],
  [
    'event loop',
    'at process.processTicksAndRejections (node:internal/process/task_queues:95:5)',
    ['process.processTicksAndRejections', 'node:internal/process/task_queues', '95:5', 'noise'],
  ],
  [
    'loader',
    'at Module._compile (node:internal/modules/cjs/loader:1554:14)',
    ['_compile', 'node:internal/modules/cjs/loader', '1554:14', 'noise'],
  ],
  ['top level', 'at Object.<anonymous> (/app/a.js:1:2)', [null, 'a.js', '1:2', 'app']],
  [
    'data: URI',
    'at load (data:text/javascript,throw%20new%20Error():1:7)',
    ['load', null, '1:7', 'none'],
  ],
  ['wasm', 'at run (wasm://wasm/0012:wasm-function[3]:0x12)', ['run', null, 'null:null', 'none']],
  ['inspected, last line', 'at add (/app/a.js:1:2) {', ['add', 'a.js', '1:2', 'app']],
  [
    'source map applied',
    'at add (/srv/shop/src/cart.ts:3:5)',
    ['add', 'src/cart.ts', '3:5', 'app'],
  ],
  ['prose', 'at the market', null],
  ['prose with brackets', 'at the market (north)', ['the market', 'north', 'null:null', 'app']],
  ['nothing', 'at ', null],
  ['a bracket alone', 'at (', null],
]

const PATHS: [reason: string, place: string, path: string | null, kind: string][] = [
  ['image', '/app/src/a.js', 'src/a.js', 'app'],
  ['image of node', '/usr/src/app/src/a.js', 'src/a.js', 'app'],
  ['server', '/srv/shop/src/a.js', 'src/a.js', 'app'],
  ['server without a folder of its own', '/srv/src/a.js', 'src/a.js', 'app'],
  ['server, several releases', '/srv/shop/releases/20261126101500/src/a.js', 'src/a.js', 'app'],
  ['server, current release', '/var/www/shop/current/src/a.js', 'src/a.js', 'app'],
  ['opt', '/opt/shop/src/a.js', 'src/a.js', 'app'],
  ['home', '/home/anna/shop/src/a.js', 'src/a.js', 'app'],
  ['home, with a shelf', '/home/anna/code/shop/src/a.js', 'src/a.js', 'app'],
  ['macOS', '/Users/anna/Projects/shop/src/a.js', 'src/a.js', 'app'],
  ['Windows', 'C:\\Users\\anna\\source\\repos\\shop\\src\\a.js', 'src/a.js', 'app'],
  ['Windows, URL', 'file:///C:/inetpub/wwwroot/shop/src/a.js', 'src/a.js', 'app'],
  ['Windows, share', '\\\\server\\share\\shop\\src\\a.js', 'src/a.js', 'app'],
  ['runner of CI', '/home/runner/work/shop/shop/src/a.js', 'src/a.js', 'app'],
  ['devcontainer', '/workspaces/shop/src/a.js', 'src/a.js', 'app'],
  ['Lambda', '/var/task/src/a.js', 'src/a.js', 'app'],
  ['folder nobody knows', '/x/y/shop/src/a.js', 'src/a.js', 'app'],
  ['webpack', 'webpack://shop/./src/a.js', 'src/a.js', 'app'],
  ['webpack, no name', 'webpack:///./src/a.js?12ab', 'src/a.js', 'app'],
  ['webpack, eval', 'webpack-internal:///./src/a.js', 'src/a.js', 'app'],
  ['URL with query', 'file:///app/src/a.js?update=17#x', 'src/a.js', 'app'],
  ['encoded', 'file:///app/src/a%20b.js', 'src/a b.js', 'app'],
  ['badly encoded', 'file:///app/src/100%/a.js', 'src/100%/a.js', 'app'],
  ['page', 'https://shop.example.com/static/a.js?v=2', 'static/a.js', 'app'],
  [
    'two folders of one name are told apart',
    '/app/modules/cart/lib/a.js',
    'modules/cart/lib/a.js',
    'app',
  ],
  ['npm', '/app/node_modules/pg/lib/a.js', 'pkg:pg/lib/a.js', 'package'],
  ['npm, scoped', '/app/node_modules/@acme/kit/lib/a.js', 'pkg:@acme/kit/lib/a.js', 'package'],
  ['npm, nested', '/app/node_modules/x/node_modules/pg/lib/a.js', 'pkg:pg/lib/a.js', 'package'],
  [
    'pnpm',
    '/app/node_modules/.pnpm/pg@8.1.0_x@2.0.0/node_modules/pg/lib/a.js',
    'pkg:pg/lib/a.js',
    'package',
  ],
  [
    'Yarn',
    '/app/.yarn/cache/pg-npm-8.1.0-638245-eb835a2e51.zip/node_modules/pg/lib/a.js',
    'pkg:pg/lib/a.js',
    'package',
  ],
  [
    'watched by',
    '/app/node_modules/@opentelemetry/api/a.js',
    'pkg:@opentelemetry/api/a.js',
    'noise',
  ],
  ['vendor is a word in JavaScript', '/app/src/vendor/a.js', 'src/vendor/a.js', 'app'],
  ['PHP', '/app/vendor/acme/kit/A.php', 'pkg:acme/kit/A.php', 'package'],
  [
    'Go',
    '/root/go/pkg/mod/github.com/acme/kit@v1.2.3/a.go',
    'pkg:github.com/acme/kit/a.go',
    'package',
  ],
  ['Ruby', '/usr/lib/ruby/gems/3.2.0/gems/rack-2.2.8/lib/a.rb', 'pkg:rack/lib/a.rb', 'package'],
  ['Python', '/usr/lib/python3/dist-packages/django/db/a.py', 'pkg:django/db/a.py', 'package'],
  ['hash of webpack', '/app/dist/main.3f2a9c1b.js', 'dist/main.js', 'app'],
  ['hash and ending of webpack', '/app/dist/main.3f2a9c1b.chunk.js', 'dist/main.chunk.js', 'app'],
  ['hash of Next', '/app/dist/page-0123456789abcdef.js', 'dist/page.js', 'app'],
  ['hash of esbuild', '/app/dist/chunk-AB12CD34.js', 'dist/chunk.js', 'app'],
  ['hash of Rollup', '/app/dist/index-BxY3d_9z.js', 'dist/index.js', 'app'],
  ['nothing but a hash', '/app/dist/3f2a9c1b7788.js', 'dist/<hash>.js', 'app'],
  ['a word of eight letters', '/app/dist/user-settings.js', 'dist/user-settings.js', 'app'],
]

const OTHERS: [reason: string, line: string, expected: Read | null][] = [
  ['Java', 'at com.shop.Cart.add(Cart.java:12)', ['add', 'com.shop.Cart', '12:null', 'app']],
  [
    'Java, module',
    'at app//com.shop.Cart.add(Cart.java:12)',
    ['add', 'com.shop.Cart', '12:null', 'app'],
  ],
  [
    'Java, runtime',
    'at java.base/java.lang.Thread.run(Thread.java:829)',
    ['run', 'java.lang.Thread', '829:null', 'system'],
  ],
  [
    'Java, lambda',
    'at com.shop.Cart$$Lambda$14/0x0008.run(Unknown Source)',
    ['run', 'com.shop.Cart', 'null:null', 'app'],
  ],
  [
    'Java, framework',
    'at org.springframework.web.X.y(X.java:3)',
    ['y', 'pkg:org.springframework.web.X', '3:null', 'package'],
  ],
  [
    '.NET',
    'at Shop.Cart.Add(String id) in /src/Cart.cs:line 3',
    ['Shop.Cart.Add', 'src/Cart.cs', '3:null', 'app'],
  ],
  [
    '.NET, no file',
    'at Shop.Cart.Add(String id)',
    ['Shop.Cart.Add', 'Shop.Cart', 'null:null', 'app'],
  ],
  ['Firefox', 'add@https://a.example.com/static/a.js:1:2', ['add', 'static/a.js', '1:2', 'app']],
  [
    'Firefox, anonymous',
    '@https://a.example.com/static/a.js:1:2',
    [null, 'static/a.js', '1:2', 'app'],
  ],
  ['a mail address', 'anna@example.com:1', null],
  ['PHP', '#0 /srv/shop/src/a.php(12): Cart->add()', ['Cart->add', 'src/a.php', '12:null', 'app']],
  ['PHP, main', '#1 {main}', null],
]

t.test('lines of V8 are taken apart', async (t) => {
  for (const [reason, line, expected] of V8) t.strictSame(read(line), expected, reason)
})

t.test('one file has one path on every machine and of every build', async (t) => {
  for (const [reason, place, path, kind] of PATHS) {
    t.strictSame(read(`at add (${place}:1:2)`), ['add', path, '1:2', kind], reason)
  }
})

t.test('lines of other languages are taken apart', async (t) => {
  for (const [reason, line, expected] of OTHERS) t.strictSame(read(line), expected, reason)
})

t.test('the root that the sender says is cut off', async (t) => {
  const raw = parseAtLine('at add (/mnt/x/deep/shop/src/lib/a.js:1:2)')
  for (const root of ['/mnt/x/deep/shop', '/mnt/x/deep/shop/']) {
    t.equal(readFrame(raw!, root, NO_RULES, new Set()).frame.path, 'src/lib/a.js')
  }
})

t.test('what is left out of a stack is counted', async (t) => {
  t.equal(elisionOf('... 7 more')?.elided, 7)
  t.equal(elisionOf('... 4 lines matching cause stack trace ...')?.elided, 4)
  for (const line of ['... more', '... 0 more', '... 7 apples', '...', '... -1 more']) {
    t.equal(elisionOf(line), null, line)
  }
})
