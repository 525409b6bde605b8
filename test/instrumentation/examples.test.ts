import { dirname } from 'node:path'
import t from 'tap'
import { launch } from './application'
import { layExample, startNeeded } from './example-places'
import { checkExamples, findExamples, importsOf, makeRunnable, printedIn } from './examples'
import { startReceiver } from './receiver'

t.setTimeout(300_000)

const { examples, missing } = findExamples()

t.test('every function that applications import has an example', async (t) => {
  t.strictSame(missing, [], 'these have no @example in their docstring')
  t.ok(examples.length > 0)
})

t.test('the examples are right in TypeScript', async (t) => {
  t.strictSame(checkExamples(examples), [])
})

t.test('the examples run, and print what they say', async (t) => {
  const receiver = await startReceiver(t)
  const imports = examples.flatMap(({ code }) => importsOf(code))
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...(await startNeeded(t, imports)) }
  const left = [...examples]
  const runNext = async (): Promise<void> => {
    for (let example = left.shift(); example !== undefined; example = left.shift()) {
      const { name, file, code } = example
      const { source, prints } = makeRunnable(code)
      const path = layExample(t, source, importsOf(code))
      const {
        code: exit,
        stderr,
        stdout,
      } = await launch(t, path, { cwd: dirname(path), env }).ended
      const wanted = { exit: 0, stderr: '', printed: prints }
      t.strictSame({ exit, stderr, printed: printedIn(stdout) }, wanted, `${name} (${file})`)
    }
  }
  await Promise.all([runNext(), runNext()])
})

t.test('an example with a mistake is found', async (t) => {
  const example = (code: string) => ({ name: 'traceOperation', file: 'here.ts', code })
  const call = "import { traceOperation } from 'sidelight'\ntraceOperation('add', 'maths')"
  t.match(checkExamples([example(call)]), [/^traceOperation \(here\.ts\), line 2: .*arguments/])
  const { source, prints } = makeRunnable('console.log(20 + 1, "a") // prints 22 a')
  t.strictSame(prints, ['22 a'])
  const { stdout } = await launch(t, layExample(t, source, []), { flags: [] }).ended
  t.strictSame(printedIn(stdout), ['21 a'])
})
