import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { hasSoundHooks } from '../../instrumentation/modules/esm'
import { PlaceFinder } from '../../instrumentation/modules/place'
import { APPS, launch, NODE_VERSION, ROOT } from './application'

t.setTimeout(240_000)

/** A package that is CommonJS for `require` and real ES modules for `import`; the two call each other in a circle. */
const GREETINGS: Readonly<Record<string, string>> = {
  'package.json': JSON.stringify({
    name: '@scope/greetings',
    version: '1.2.3',
    exports: { '.': { import: './index.mjs', require: './index.js' }, './*': './*' },
  }),
  'index.mjs': "export * from './lib/greet.mjs'\nexport * from './lib/broken.mjs'\n",
  'lib/greet.mjs': `import { other } from './other.mjs'
export function greet(name) { return 'hello ' + name }
export const constant = 'constant'
export class Door { open() { return 'open' } }
export const viaOther = () => other()
export const place = () => new Error().stack.split('\\n')[1].replace(/.*greet.mjs/, '')
// no line end`,
  'lib/other.mjs':
    "import { greet } from './greet.mjs'\nexport const other = () => greet('other')\n",
  'lib/broken.mjs': 'export function fine() { return "fine" }\n',
  'index.js': "exports.__esModule = true; Object.assign(exports, require('./lib/greet.js'))\n",
  'lib/greet.js': `exports.greet = (name) => 'hello ' + name
exports.constant = 'constant'
exports.Door = class Door { open() { return 'open' } }
`,
}

const PRINT = "console.log(greet('me'), new Door().open(), constant)\n"
const PROGRAMS: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "app" }',
  'app.cjs': `const { greet, Door, constant } = require('@scope/greetings')\n${PRINT}`,
  'app.mjs': `import { greet, Door, constant, viaOther, fine, place } from '@scope/greetings'
${PRINT}console.log(viaOther(), fine(), place())\n`,
  'app.mts': `import { greet, Door, constant } from '@scope/greetings'\nconst text: string = ''\n${PRINT}`,
  'app.ts': `import { greet, Door, constant } from '@scope/greetings'\nconst text: string = ''\n${PRINT}`,
  'requires.cjs': `const { greet, Door, constant } = require('@scope/greetings/index.mjs')\n${PRINT}`,
}

const FROM_COMMONJS = '[hello me] [open 1.2.3 lib/greet.js] changed\n'
const FROM_ESM = '[hello me] [open 1.2.3 lib/greet.mjs] constant\n'
const BROKEN = 'sidelight: cannot instrument broken: as it is meant to\n'

t.test('files are patched as CommonJS and as ES modules, their lines as they were', async (t) => {
  const folder = lay(t)
  t.match(await start(t, folder, 'app.cjs'), { code: 0, stdout: FROM_COMMONJS, stderr: /^$/ })
  for (const flags of [[], ['--disallow-code-generation-from-strings'], ['--enable-source-maps']]) {
    t.same(await start(t, folder, 'app.mjs', flags), {
      code: 0,
      signal: null,
      stdout: `${FROM_ESM}[hello other] fine :6:28)\n`,
      stderr: BROKEN,
    })
  }
})

t.test('an ES module that is required is patched', { skip: NODE_VERSION < 22 }, async (t) => {
  const { stdout, stderr } = await start(t, lay(t), 'requires.cjs')
  t.equal(stdout, FROM_ESM)
  t.equal(stderr, BROKEN)
})

t.test('a library is patched under tsx and other loaders', async (t) => {
  const folder = lay(t)
  const tsx = ['--import', pathToFileURL(join(ROOT, 'node_modules/tsx/dist/loader.mjs')).href]
  const nothing = ['--experimental-loader', 'data:text/javascript,export{}']
  t.equal((await start(t, folder, 'app.mts', tsx)).stdout, FROM_ESM)
  t.equal((await start(t, folder, 'app.ts', tsx)).stdout, FROM_COMMONJS)
  t.equal((await start(t, folder, 'app.mjs', nothing)).stdout.split('\n', 1)[0], FROM_ESM.trim())
  t.equal((await start(t, folder, 'app.cjs', nothing)).stdout, FROM_COMMONJS)
})

t.test('Node itself strips the types', { skip: NODE_VERSION < 22 }, async (t) => {
  const folder = lay(t)
  const { stdout } = await start(t, folder, 'app.mts')
  t.equal(stdout, FROM_ESM)
})

t.test('a library under an alias, or linked from elsewhere, is known', async (t) => {
  const folder = lay(t)
  const modules = join(folder, 'node_modules')
  const alias = join(modules, 'old-greetings')
  cpSync(join(modules, '@scope', 'greetings'), alias, { recursive: true })
  const elsewhere = join(folder, 'elsewhere', 'greetings')
  cpSync(alias, elsewhere, { recursive: true })
  symlinkSync(elsewhere, join(modules, 'linked'))
  for (const name of ['old-greetings', 'linked']) {
    const program = PROGRAMS['app.cjs']?.replace('@scope/greetings', name) ?? ''
    writeFileSync(join(folder, 'other.cjs'), program)
    t.equal((await start(t, folder, 'other.cjs')).stdout, FROM_COMMONJS, name)
  }
})

t.test('files are found wherever package managers lay them', async (t) => {
  const finder = new PlaceFinder(['pg', '@koa/router'])
  const router = { package: '@koa/router', file: 'dist/index.js' }
  for (const [path, found] of [
    ['/app/node_modules/pg/lib/client.js', { package: 'pg', file: 'lib/client.js' }],
    ['/app/node_modules/a/node_modules/@koa/router/dist/index.js', router],
    ['/app/node_modules/.pnpm/@koa+router@15/node_modules/@koa/router/dist/index.js', router],
    ['/app/.yarn/cache/@koa-router-15.zip/node_modules/@koa/router/dist/index.js', router],
    ['/app/.yarn/__virtual__/r/0/cache/r.zip/node_modules/@koa/router/dist/index.js', router],
    ['C:\\app\\node_modules\\@koa\\router\\dist\\index.js', router],
    ['/app/node_modules/pg-pool/index.js', undefined],
    ['/app/node_modules/pg', undefined],
    ['/app/pg/index.js', undefined],
    ['/app/node_modules/pg/node_modules/other/index.js', undefined],
    ['[eval]', undefined],
    ['', undefined],
  ] as const) {
    const place = finder.find(path)
    t.same(place && { package: place.package, file: place.file }, found, path)
  }
})

t.test('synchronous hooks are used where Node has them sound', async (t) => {
  for (const [version, isSound] of [
    ['20.19.0', false],
    ['22.22.2', false],
    ['22.22.3', true],
    ['22.23.0', true],
    ['23.11.0', false],
    ['24.11.0', false],
    ['24.11.1', true],
    ['24.21.0', true],
    ['25.0.0', false],
    ['25.1.0', true],
    ['26.0.0', true],
  ] as const) {
    t.equal(hasSoundHooks(version), isSound, version)
  }
})

/** Lays out an application with the package. */
function lay(t: Test): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sidelight-modules-')))
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const files = { ...PROGRAMS }
  for (const [name, content] of Object.entries(GREETINGS)) {
    files[join('node_modules/@scope/greetings', name)] = content
  }
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}

function start(t: Test, folder: string, app: string, flags: readonly string[] = []) {
  return launch(t, join(folder, app), {
    flags: ['--require', join(APPS, 'patching.cjs'), ...flags],
    cwd: folder,
    env: { APP_BUILT: join(ROOT, 'dist') },
  }).ended
}
