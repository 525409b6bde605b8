import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import t from 'tap'
import { openApiDocument } from '../collector/api/server'
import { COMMANDS } from '../collector/cli/help'
import { loadConfig } from '../collector/config'
import type { Key } from '../collector/config/key'
import { KEYS } from '../collector/config/keys'
import { describeRelation, LIST_RELATIONS } from '../collector/store/console'
import { createCounters } from '../collector/telemetry/counters'
import * as sidelight from '../instrumentation/index'
import { VARIABLES } from '../instrumentation/client/connection'
import { BUILTINS } from '../instrumentation/libraries/builtin'
import { PATCHES } from '../instrumentation/libraries/patches'
import { RUNTIME_LIBRARY } from '../instrumentation/measures/runtime'
import { variablesOfBootstrap } from './helpers/variables'
import { openDatabase } from './store/database'

const ROOT = join(__dirname, '..')
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'ARCHITECTURE.md',
  'schema/README.md',
  'deploy/kubernetes/README.md',
  'deploy/quickstart.md',
]
const readme = read('README.md')

function read(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8')
}

/** The cells of the table rows between two lines, trimmed, without head and rule. */
function rowsOf(page: string, from: string, to: string): string[][] {
  const start = page.indexOf(from)
  const end = page.indexOf(to, start)
  if (start < 0 || end < 0) throw new Error(`cannot find "${from}" and "${to}"`)
  const lines = page.slice(start, end).split('\n')
  const rows = lines.filter((line) => line.startsWith('|')).slice(2)
  return rows.map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  )
}

/** The names in backticks that stand first in each row. */
function namesOf(rows: readonly string[][]): string[] {
  return rows.map(([first = '']) => first.replaceAll('`', ''))
}

t.test('the table of keys in README.md is what keys.ts declares', async (t) => {
  const declared = (Object.values(KEYS) as Key<unknown>[]).map((key) => {
    const fallback = key.type.format(key.fallback)
    return [
      `\`${key.env}\``,
      key.path === null ? '' : `\`${key.path}\``,
      fallback === '' ? 'not set' : `\`${fallback}\``,
      key.description,
      `${key.type.allowed}${unitOf(key)}`,
    ]
  })
  const table = declared.map((row) => `| ${row.join(' | ')} |`).join('\n')
  const found = rowsOf(readme, '<!-- keys:', '<!-- end of keys -->')
  t.strictSame(found, declared, `README.md is to have this table:\n${table}`)
})

function unitOf({ unit, type }: Key<unknown>): string {
  return unit === null || type.allowed.startsWith(unit) ? '' : ` (${unit})`
}

t.test('no page names a variable that does not exist', async (t) => {
  const known = new Set<string>(Object.values(KEYS).map(({ env }) => env))
  for (const name of variablesOfBootstrap()) known.add(name)
  for (const name of [VARIABLES.url, ...VARIABLES.tokens]) known.add(name)
  for (const page of PAGES) {
    const named = read(page).match(/\bSIDELIGHT_[A-Z_]+\b/g) ?? []
    t.strictSame(
      named.filter((name) => !known.has(name)),
      [],
      page,
    )
  }
})

t.test('the variables of the application in README.md are those the bootstrap reads', async (t) => {
  const rows = rowsOf(readme, '<!-- variables:', '<!-- end of variables -->')
  const documented = namesOf(rows).flatMap((cell) => cell.split(', '))
  t.strictSame(documented.sort(), variablesOfBootstrap())
})

t.test('the variables of the loggers in README.md are those they read', async (t) => {
  const rows = rowsOf(readme, '<!-- logger variables:', '<!-- end of logger variables -->')
  const folder = join(__dirname, '..', 'instrumentation', 'api')
  const sources = readdirSync(folder).filter((name) => /^log(?:-.*|ger)\.ts$/.test(name))
  const texts = sources.map((name) => readFileSync(join(folder, name), 'utf8'))
  const read = texts.join('').match(/(?<=env\[')(?!OTEL_)[A-Z_]+(?='\])/g) ?? []
  const names = new Set([...read, 'LOG_LEVEL', 'LOG_LEVEL_<MODULE>'])
  t.strictSame(namesOf(rows).sort(), [...names].sort())
})

t.test('the libraries in README.md are those that are instrumented', async (t) => {
  const instrumented = new Set([
    ...Object.keys(BUILTINS),
    ...PATCHES.map(({ library }) => library),
    RUNTIME_LIBRARY,
  ])
  const rows = rowsOf(readme, '<!-- libraries:', '<!-- end of libraries -->')
  t.strictSame(namesOf(rows).sort(), [...instrumented].sort())
})

t.test('the helpers in README.md are what applications import', async (t) => {
  const rows = rowsOf(readme, '<!-- helpers:', '<!-- end of helpers -->')
  const documented = namesOf(rows).flatMap((cell) => cell.split(', '))
  t.strictSame(documented.sort(), Object.keys(sidelight).sort())
})

t.test('the YAML example in README.md is a valid configuration', async (t) => {
  const [, yaml = ''] = /```yaml\n([^]*?)```/.exec(readme) ?? []
  t.not(yaml, '')
  const config = loadConfig({ SIDELIGHT_CONFIG: 'example.yaml' }, { readFile: () => yaml })
  t.equal(config.retentionDays, 14)
})

t.test('the endpoints in README.md are those of the OpenAPI document', async (t) => {
  const document = (await openApiDocument('0.0.0', pino({ level: 'silent' }))) as {
    paths: Record<string, Record<string, unknown>>
  }
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  t.strictSame(namesOf(rowsOf(readme, '## Ask', '## Tokens')).sort(), routes.sort())
})

t.test('the metrics in README.md are those of counters.ts', async (t) => {
  const metrics = await createCounters().registry.getMetricsAsJSON()
  const declared = metrics
    .map(({ name, type, help }) => [`\`${name}\``, String(type), help])
    .filter(([name]) => !/^`sidelight_(process|nodejs)_/.test(name ?? ''))
  t.not(declared.length, 0)
  t.strictSame(rowsOf(readme, '<!-- metrics:', '<!-- end of metrics -->'), declared)
})

t.test('the commands in README.md exist, with what they do', async (t) => {
  const rows = rowsOf(readme, '## Commands', '## Metrics')
  const ours = rows.filter(([name]) => name?.startsWith('`sidelight '))
  const expected = Object.entries(COMMANDS).map(([name, text]) => [`\`sidelight ${name}\``, text])
  t.strictSame(ours, expected)
})

t.test('every npm script a page names exists', async (t) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  for (const page of PAGES) {
    for (const [, name = ''] of read(page).matchAll(/\bnpm run ([a-z:]+)/g)) {
      t.ok(scripts[name], `${page}: npm run ${name}`)
    }
  }
})

t.test('every file a page links to exists', async (t) => {
  for (const page of PAGES) {
    for (const [, target = ''] of read(page).matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      t.ok(existsSync(join(ROOT, page, '..', target)), `${page}: ${target}`)
    }
  }
})

t.test('schema/README.md has every table and view with its columns, and no other', async (t) => {
  const pool = await openDatabase(t, { max: 1 })
  const { rows } = await pool.query<{ name: string }>(LIST_RELATIONS)
  const [, ...sections] = read('schema/README.md').split(/^### `(?=[a-z_]+`$)/m)
  const documented = new Map(sections.map((section) => [section.split('`')[0] ?? '', section]))
  t.strictSame([...documented.keys()].sort(), rows.map(({ name }) => name).sort())
  for (const [name, section] of documented) {
    const described = await pool.query<{ column: string }>(describeRelation(`sidelight.${name}`))
    const columns = described.rows.map(({ column }) => column)
    const named = namesOf(rowsOf(`${section}\n## `, '|', '\n## ')).flatMap((cell) =>
      cell.split(', '),
    )
    t.strictSame(named.sort(), columns.sort(), name)
  }
})

t.test('every folder of the top level is in the layout of CONTRIBUTING.md', async (t) => {
  const page = read('CONTRIBUTING.md')
  const folders = readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .filter((name) => !['node_modules', 'dist'].includes(name))
  for (const name of folders) t.match(page, new RegExp(`^    ${name}/ `, 'm'), name)
})
