import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import * as client from '../../../instrumentation/client/index'
import { ROUTES, type Route } from '../../../instrumentation/client/routes'
import { FILE, generateTypes, readDocument } from './generate'

const README = join(__dirname, '..', '..', '..', 'README.md')

t.test('the types are those of the OpenAPI document', async (t) => {
  const advice = 'generate them again: npx tsx test/instrumentation/client/generate.ts'
  t.equal(readFileSync(FILE, 'utf8'), await generateTypes(), advice)
})

t.test('every function asks a route of the document, and is one of a client too', async (t) => {
  const { paths } = await readDocument()
  for (const [name, { method, path }] of Object.entries(ROUTES) as [string, Route][]) {
    t.ok(paths[path]?.[method.toLowerCase()], `${name} asks ${method} ${path}`)
  }
  const names = Object.keys(ROUTES).sort()
  t.strictSame(Object.keys(client.createClient()).sort(), names)
  const others = ['SidelightError', 'createClient']
  t.strictSame(
    Object.keys(client)
      .filter((name) => !others.includes(name))
      .sort(),
    names,
  )
})

t.test('the functions in README.md are those there are', (t) => {
  const readme = readFileSync(README, 'utf8')
  const [, table = ''] =
    /<!-- functions:[^\n]*\n([^]*?)<!-- end of functions -->/.exec(readme) ?? []
  const rows = table
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
    .map(([, call = '', endpoint = '']) => [call.replace(/\(.*/, ''), endpoint])
  const functions = Object.entries(ROUTES).map(([name, { method, path }]) => [
    name,
    `${method} ${path}`,
  ])
  t.strictSame(rows, functions)
  t.end()
})
