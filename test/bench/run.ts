/**
 * `npm run bench [-- section ...]`: translate, start, ingest, query; all of them by default. Prints a JSON line a figure,
 * then a table. `BENCH_SPANS` sets how many spans `query` searches among (10 million). Exits 1 when a floor is missed.
 */
import { Client } from 'pg'
import { collectors, dataFolder, freePorts } from '../helpers/collector'
import { startCluster } from '../helpers/postgres'
import { benchIngest } from './ingest'
import { benchTraceById } from './query'
import { type Figure, judge, toJsonLine, toTable } from './report'
import { benchStart } from './start'
import { benchTranslate } from './translate'

const SECTIONS = ['translate', 'start', 'ingest', 'query'] as const
type Section = (typeof SECTIONS)[number]

void main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<void> {
  const sections = args.length === 0 ? SECTIONS : args.map(parseSection)
  const figures: Figure[] = []
  const cleanups: (() => unknown)[] = []
  try {
    if (sections.includes('translate')) figures.push(...(await translateFigures()))
    if (sections.some((section) => section !== 'translate')) {
      figures.push(...(await databaseFigures(sections, cleanups)))
    }
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup()
  }
  for (const figure of figures) process.stdout.write(`${toJsonLine(figure)}\n`)
  process.stdout.write(`\n${toTable(figures)}\n`)
  if (figures.some((figure) => judge(figure) === 'MISSED')) process.exitCode = 1
}

function parseSection(name: string): Section {
  const section = SECTIONS.find((known) => known === name)
  if (section === undefined) {
    throw new Error(`cannot bench ${name}: the sections are ${SECTIONS.join(', ')}`)
  }
  return section
}

async function translateFigures(): Promise<Figure[]> {
  const { oursSpansPerSecond, peerSpansPerSecond, ratio } = await benchTranslate()
  const rate = { unit: 'spans/s', better: 'higher', floor: null, aim: null } as const
  return [
    { name: 'translate', value: oursSpansPerSecond, ...rate },
    { name: 'protobufjs decode and build rows', value: peerSpansPerSecond, ...rate },
    { name: 'translate / protobufjs', value: ratio, unit: 'x', better: 'higher', floor: 3, aim: 5 },
  ]
}

async function databaseFigures(
  sections: readonly Section[],
  cleanups: (() => unknown)[],
): Promise<Figure[]> {
  const scope = { teardown: (cleanup: () => Promise<void> | void) => void cleanups.push(cleanup) }
  const cluster = await startCluster(scope, { durable: true })
  const databaseUrl = cluster.connectionString()
  const dataDir = dataFolder(scope)
  const [otlpPort = 0, apiPort = 0] = await freePorts(2)
  const { start } = collectors(scope)
  const startOne = () => start({ databaseUrl, otlpPort, apiPort, dataDir })
  await (await startOne()).end('SIGTERM')
  const figures: Figure[] = []
  if (sections.includes('start')) figures.push(...(await benchStart(startOne)))
  const collector = await startOne()
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  cleanups.push(() => client.end())
  if (sections.includes('ingest')) {
    figures.push(...(await benchIngest(client, collector, otlpPort, dataDir)))
  }
  if (sections.includes('query')) {
    const spans = Number(process.env['BENCH_SPANS'] ?? 10_000_000)
    figures.push(...(await benchTraceById(client, collector, spans)))
  }
  return figures
}
