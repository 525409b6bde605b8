import { cpSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import { until } from '../helpers/until'
import { APPS, BOOTSTRAP, launch, ROOT, stage } from './application'
import { type ReceivedLog, type ReceivedSpan, startReceiver } from './receiver'

/** How an application loads its framework. */
export type Kind = 'cjs' | 'mjs' | 'tsx'

export interface Asked {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Served {
  readonly answers: readonly Answer[]
  readonly spans: readonly ReceivedSpan[]
  readonly logs: readonly ReceivedLog[]
  readonly stderr: string
}

export interface Application {
  /** The file of test/fixtures/applications/routes. */
  readonly routes: string
  /** What it is given: packages by the names it uses. */
  readonly packages: Readonly<Record<string, string>>
  readonly libraries: 'current' | 'older'
  readonly kind: Kind
  /** Without the bootstrap when false. */
  readonly isTraced?: boolean
  readonly env?: NodeJS.ProcessEnv
}

/** Starts an application with a framework, asks it one request after the other, and ends it. */
export async function serve(
  t: Test,
  application: Application,
  asked: readonly Asked[],
): Promise<Served> {
  const receiver = await startReceiver(t)
  const isTraced = application.isTraced ?? true
  const running = launch(t, lay(t, application), {
    flags: [
      ...(isTraced ? ['--require', BOOTSTRAP] : []),
      ...(application.kind === 'tsx'
        ? ['--import', join(ROOT, 'node_modules/tsx/dist/loader.mjs')]
        : []),
    ],
    // In production, frameworks do not show stacks to whoever asks; these have our frames in them.
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, NODE_ENV: 'production', ...application.env },
  })
  const port = await until(() => running.stdout().match(/^\d+$/m)?.[0], 60_000, 'its port')
  const answers: Answer[] = []
  for (const one of asked) answers.push(await ask(`http://127.0.0.1:${port}`, one))
  running.child.kill('SIGTERM')
  const { code, stderr } = await running.ended
  t.equal(code, 0, 'it ends by itself')
  return { answers, spans: receiver.spans, logs: receiver.logs, stderr }
}

/** Lays the application out with an entry file that loads the packages its way. Returns the path of that file. */
export function lay(t: Test, { routes, packages, libraries, kind }: Application): string {
  const folder = dirname(stage(t, 'crash.cjs', libraries))
  cpSync(join(APPS, 'routes', routes), join(folder, routes))
  const names = Object.entries(packages)
  const entry = join(folder, `app.${kind === 'tsx' ? 'ts' : kind}`)
  const text =
    kind === 'cjs'
      ? `require('./${routes}')({ ${names.map(([name, from]) => `${name}: require('${from}')`).join()} })`
      : [
          ...names.map(([name, from]) => `import * as ${name} from '${from}'`),
          `import start from './${routes}'`,
          // tsx compiles it to what a CommonJS or an ES module is, and this is type syntax for it to take away.
          `const given${kind === 'tsx' ? ': object' : ''} = { ${names.map(([name]) => `${name}: ${name}.default ?? ${name}`).join()} }`,
          'start(given)',
        ].join('\n')
  writeFileSync(entry, text)
  if (kind === 'tsx') writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  return entry
}

async function ask(
  origin: string,
  { method = 'GET', path, headers = {}, body }: Asked,
): Promise<Answer> {
  const response = await fetch(origin + path, {
    method,
    headers,
    redirect: 'manual',
    ...(body === undefined ? {} : { body }),
  })
  const received = Object.fromEntries(response.headers)
  // The clock's, and not the application's.
  delete received['date']
  return { status: response.status, headers: received, body: await response.text() }
}

/** What a request is told by: its span's name and route, its status, and the exceptions recorded in it. */
export function describe({ name, attributes, events, status }: ReceivedSpan): string {
  const thrown = events.map(
    (event) => `${event.name} ${String(event.attributes['exception.message'])}`,
  )
  const route = attributes['http.route'] === undefined ? '-' : String(attributes['http.route'])
  return [
    name,
    route,
    attributes['http.response.status_code'],
    status.code === 2 ? 'ERROR' : 'ok',
    ...thrown,
  ].join(' | ')
}
