/**
 * `npm run bench [-- section ...]`: what SECTIONS lists; `ingest` stands for all of `ingest-…`; all but `soak` by default.
 * Prints a JSON line a figure, then a table. `BENCH_SPANS` sets how many spans `query` searches among, beside 0.3 times as
 * many log records, and `figures` adds up (10 million), `BENCH_SOAK_SECONDS` how long `soak` takes (300). Exits 1 when a
 * floor is missed.
 */
import { Client } from 'pg'
import { collectors, dataFolder, freePorts } from '../helpers/collector'
import { startCluster } from '../helpers/postgres'
import { benchErrorStorm } from './error-storm'
import { benchErrors } from './errors'
import { benchFigures } from './figures'
import { benchFingerprint } from './fingerprint'
import { benchHealth } from './health'
import { benchHelpers } from './helpers'
import { benchIngest, INGESTED } from './ingest'
import { benchInstrumentation } from './instrumentation'
import { benchMetrics } from './metrics'
import { benchMonitoring } from './monitoring'
import { benchCorrelation, benchTraceById } from './query'
import { fillForQueries } from './query-fill'
import { benchSearches } from './query-searches'
import { type Figure, judge, toJsonLine, toTable } from './report'
import { benchSizing, sidecarSizes } from './sizing'
import { answeringSizes, benchAnswers, fillLargeTraces } from './sizing-answers'
import { benchSoak } from './soak'
import { benchStart } from './start'
import { benchTranslate } from './translate'

const INGEST = INGESTED.map((ingested) => `ingest-${ingested}` as const)
const SECTIONS = [
  'translate',
  'fingerprint',
  'helpers',
  'start',
  ...INGEST,
  'error-storm',
  'health',
  'query',
  'figures',
  'metrics',
  'errors',
  'monitoring',
  'instrumentation',
  'sizing',
  'soak',
] as const
type Section = (typeof SECTIONS)[number]
/** They need no database. */
const ALONE: ReadonlySet<Section> = new Set(['translate', 'fingerprint', 'helpers'])

void main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<void> {
  const sections =
    args.length === 0
      ? SECTIONS.filter((section) => section !== 'soak')
      : args.flatMap((name) => (name === 'ingest' ? INGEST : parseSection(name)))
  const figures: Figure[] = []
  const cleanups: (() => unknown)[] = []
  const release = async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  }
  const interrupt = () => void release().finally(() => process.exit(1))
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    if (sections.includes('translate')) figures.push(...(await benchTranslate()))
    if (sections.includes('fingerprint')) figures.push(...(await benchFingerprint()))
    if (sections.includes('helpers')) figures.push(...(await benchHelpers()))
    if (sections.some((section) => !ALONE.has(section))) {
      figures.push(...(await databaseFigures(sections, cleanups)))
    }
  } finally {
    await release()
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
  for (const figure of figures) process.stdout.write(`${toJsonLine(figure)}\n`)
  process.stdout.write(`\n${toTable(figures)}\n`)
  if (figures.some((figure) => judge(figure) === 'MISSED')) process.exitCode = 1
}

function parseSection(name: string): Section {
  const section = SECTIONS.find((known) => known === name)
  if (section === undefined) {
    throw new Error(`cannot bench ${name}: the sections are ${SECTIONS.join(', ')} and ingest`)
  }
  return section
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
  const startOne = (env: NodeJS.ProcessEnv = {}) =>
    start({ databaseUrl, otlpPort, apiPort, dataDir, env })
  // For questions, whose figures are not of how they wait for each other.
  const startApi = () => startOne({ SIDELIGHT_DATABASE_CONNECTIONS: '9' })
  await (await startOne()).end('SIGTERM')
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  cleanups.push(() => client.end())
  const figures: Figure[] = []
  if (sections.includes('start')) figures.push(...(await benchStart(startOne)))
  // Each with a process of its own, so that none inherits the memory of another.
  for (const ingested of INGESTED) {
    if (!sections.includes(`ingest-${ingested}`)) continue
    const collector = await startOne()
    figures.push(...(await benchIngest(ingested, client, collector, otlpPort, dataDir)))
    await collector.end('SIGTERM')
  }
  if (sections.includes('error-storm')) {
    const collector = await startOne()
    figures.push(...(await benchErrorStorm(client, collector, otlpPort, dataDir)))
    await collector.end('SIGTERM')
  }
  if (sections.includes('health')) {
    const collector = await startOne()
    figures.push(...(await benchHealth(client, collector, otlpPort, dataDir)))
    await collector.end('SIGTERM')
  }
  const spans = Number(process.env['BENCH_SPANS'] ?? 10_000_000)
  if (sections.includes('figures'))
    figures.push(...(await benchFigures(client, databaseUrl, spans)))
  if (sections.includes('query')) {
    const filled = await fillForQueries(client, databaseUrl, spans)
    const collector = await startApi()
    figures.push(...(await benchTraceById(collector, filled)))
    figures.push(...(await benchCorrelation(collector, filled)))
    figures.push(...(await benchSearches(collector, filled)))
    await collector.end('SIGTERM')
  }
  if (sections.includes('metrics')) {
    const collector = await startApi()
    figures.push(...(await benchMetrics(client, collector)))
    await collector.end('SIGTERM')
  }
  if (sections.includes('errors'))
    figures.push(...(await benchErrors(client, databaseUrl, startApi)))
  if (sections.includes('monitoring'))
    figures.push(...(await benchMonitoring(client, databaseUrl, startApi)))
  if (sections.includes('instrumentation'))
    figures.push(...(await benchInstrumentation(databaseUrl)))
  if (sections.includes('sizing')) {
    const collector = await startOne(sidecarSizes())
    figures.push(...(await benchSizing(collector)))
    await fillLargeTraces(collector)
    await collector.end('SIGTERM')
    const answering = await startOne(answeringSizes())
    figures.push(...(await benchAnswers(answering)))
    await answering.end('SIGTERM')
  }
  if (sections.includes('soak')) {
    const collector = await startOne({ SIDELIGHT_HOST_METRICS: 'on' })
    const seconds = Number(process.env['BENCH_SOAK_SECONDS'] ?? 300)
    figures.push(...(await benchSoak(client, collector, otlpPort, dataDir, seconds)))
    await collector.end('SIGTERM')
  }
  return figures
}
