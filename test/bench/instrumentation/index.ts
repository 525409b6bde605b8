import type { Figure } from '../report'
import { median } from '../report'
import { BARE, type Candidate, candidates, nodeOf, prepareCandidates } from './candidates'
import { microsARequest } from './load'
import { type Program, startProgram } from './process'

/** `BENCH_NODES=24,26` measures others. */
const MAJORS = (process.env['BENCH_NODES'] ?? '20,22,24').split(',')
const KINDS = ['http', 'express', 'fastify'] as const
const STARTS = 11
const ROUNDS = 3
/** Of what the peer adds. */
const MARKS = { floor: 0.5, aim: 0.15 }
const MIB = 2 ** 20

interface Said {
  readonly port: number
  readonly startMs: number
  readonly startCpuMs: number
  readonly rssBytes: number
}

/** What was measured of one candidate, run by run. */
type Samples = Map<string, number[]>

/**
 * What instrumentation adds to an application: time and memory of its start, CPU of a request and of a log line; against no
 * instrumentation, in interleaved runs, each in a process of its own that sends to a sink in another. `databaseUrl` is what
 * the application with pg asks.
 */
export async function benchInstrumentation(databaseUrl: string): Promise<Figure[]> {
  prepareCandidates()
  const sink = await startProgram<{ port: number }>('sink.cjs', {
    node: process.execPath,
    flags: [],
    env: {},
  })
  const env = {
    BENCH_DATABASE_URL: databaseUrl,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${sink.said.port}`,
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_LOGS_EXPORTER: 'otlp',
    // Those of clouds would wait for networks.
    OTEL_NODE_RESOURCE_DETECTORS: 'env,host,os,process,serviceinstance',
  }
  try {
    const figures: Figure[] = []
    for (const major of MAJORS) figures.push(...(await measureNode(major, env, sink)))
    return figures
  } finally {
    await sink.end()
  }
}

async function measureNode(
  major: string,
  env: NodeJS.ProcessEnv,
  sink: Program<{ port: number }>,
): Promise<Figure[]> {
  const node = nodeOf(major)
  const all = [BARE, ...candidates()]
  const samples = new Map(all.map(({ name }) => [name, new Map() as Samples]))
  const keep = ({ name }: Candidate, what: string, value: number) => {
    const of = samples.get(name)
    of?.set(what, [...(of.get(what) ?? []), value])
  }
  const start = (kind: string, { flags }: Candidate) =>
    startProgram<Said>('server.cjs', { node, flags, args: [kind], env })
  for (let run = 0; run < STARTS; run++) {
    for (const candidate of all) {
      const server = await start('http', candidate)
      keep(candidate, 'start', server.said.startMs)
      keep(candidate, 'CPU of the start', server.said.startCpuMs)
      keep(candidate, 'RSS at the start', server.said.rssBytes / MIB)
      await server.end()
    }
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const kind of KINDS) {
      for (const candidate of all) {
        const before = await takenBy(sink)
        const server = await start(kind, candidate)
        keep(candidate, kind, await microsARequest(server.pid, server.said.port))
        await server.end()
        if (candidate !== BARE && (await takenBy(sink)) === before) {
          throw new Error(`${candidate.name} sent nothing`)
        }
      }
    }
    for (const candidate of all) {
      const options = { node, flags: candidate.flags, env }
      const lines = await startProgram<{ microsALine: number }>('lines.cjs', options)
      keep(candidate, 'line', lines.said.microsALine)
      await lines.end()
    }
    process.stderr.write(`instrumentation: Node.js ${major}, round ${round + 1} of ${ROUNDS}\n`)
  }
  return report(major, samples)
}

async function takenBy({ said }: Program<{ port: number }>): Promise<number> {
  return Number(await (await fetch(`http://127.0.0.1:${said.port}`)).text())
}

const MEASURED: readonly (readonly [string, string, string])[] = [
  ['start', 'time of the start', 'ms'],
  ['CPU of the start', 'CPU of the start', 'ms'],
  ['RSS at the start', 'RSS at the start', 'MiB'],
  ['http', 'CPU a request, http', 'µs'],
  ['express', 'CPU a request, express 5', 'µs'],
  ['fastify', 'CPU a request, fastify with pg', 'µs'],
  ['line', 'CPU a line of pino', 'µs'],
]

/** What each adds, and ours as a part of what the first peer adds. */
function report(major: string, samples: ReadonlyMap<string, Samples>): Figure[] {
  const [ours, peer] = candidates()
  const of = (name: string, what: string) => median(samples.get(name)?.get(what) ?? [])
  return MEASURED.flatMap(([what, title, unit]) => {
    const bare = of(BARE.name, what)
    const named = `Node.js ${major}: ${title}`
    const plain = { better: 'lower', floor: null, aim: null } as const
    const added = candidates().map(({ name }) => ({
      ...plain,
      name: `${named}, added by ${name}`,
      value: of(name, what) - bare,
      unit,
    }))
    const value = (of(ours.name, what) - bare) / (of(peer.name, what) - bare)
    return [
      { ...plain, name: `${named}, without`, value: bare, unit },
      ...added,
      { name: `${named}, ours / register`, value, unit: 'x', better: 'lower', ...MARKS },
    ]
  })
}
