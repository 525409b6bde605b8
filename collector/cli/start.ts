import type { Logger } from 'pino'
import { type Collector, startCollector } from '../app'
import { type Config, ensureAdminToken, loadConfig, type Token } from '../config'
import { readCertificates } from '../config/certificates'
import type { Remains } from '../ingest/pipeline'
import { createLog, openLogOutput } from '../telemetry/log'
import { explainError } from './failure'
import { readVersion } from './help'
import type { Streams } from './output'
import { watchStopSignals, whenAborted } from './stop-signals'

const DONE = 0
const FAILED = 1
const CUT_SHORT = 'stopped at once by a second signal' as const

type Terminal = Pick<Streams, 'stdout' | 'stderr'>

/**
 * Runs the collector until SIGTERM or SIGINT; a second one, or the shutdown deadline, ends the waiting. Resolves to the exit
 * code: 0 after a clean stop, 1 when it failed, was cut short or left requests without an answer, 2 for a bad configuration.
 */
export async function runStart(env: NodeJS.ProcessEnv, terminal: Terminal): Promise<number> {
  try {
    const config = loadConfig(env)
    // Their faults are told before anything is started.
    readCertificates(config)
    const admin = await ensureAdminToken(config.dataDir, config)
    const output = openLogOutput()
    try {
      return await run(config, admin, createLog(config.logLevel, output.stream), terminal)
    } finally {
      await output.written()
    }
  } catch (error) {
    const { text, exitCode } = explainError(error)
    terminal.stderr.write(`${text}\n`)
    return exitCode
  }
}

interface AdminToken {
  readonly token: string
  /** Null when it was configured. */
  readonly file: string | null
}

async function run(
  config: Config,
  admin: AdminToken,
  log: Logger,
  terminal: Terminal,
): Promise<number> {
  for (const warning of config.warnings) log.warn(warning)
  const generated: Token[] =
    admin.file === null ? [] : [{ token: admin.token, scope: 'admin', tenant: null }]
  const { stop, hurry } = watchStopSignals(process, () => performance.now())
  const stopped = whenAborted(stop).then(() => stop.reason as NodeJS.Signals)
  const hurried = whenAborted(hurry).then(() => CUT_SHORT)
  const starting = startCollector({
    config,
    tokens: [...config.tokens, ...generated],
    log,
    version: readVersion(),
    signal: stop,
  }).catch((error: unknown) => {
    if (stop.aborted) return null
    throw error
  })
  const collector = await Promise.race([starting, hurried])
  if (collector === null) {
    log.info('stopped while it was starting')
    return DONE
  }
  if (collector === CUT_SHORT) {
    log.error(`${CUT_SHORT} while it was starting`)
    return FAILED
  }
  void collector.ready.then(() => announce(collector, admin, log, terminal))
  const ending = await Promise.race([stopped, collector.failed])
  if (ending instanceof Error) log.fatal({ err: ending }, 'cannot go on')
  else log.info({ signal: ending }, 'stopping')
  const isClean = await end(collector, hurried, config, log)
  return isClean && !(ending instanceof Error) ? DONE : FAILED
}

/** Stops the collector, or leaves it when that is to be hurried; whichever it is, the last line says what was left behind. */
async function end(
  collector: Collector,
  hurried: Promise<string>,
  config: Config,
  log: Logger,
): Promise<boolean> {
  const stopped = collector.stop(config.shutdownTimeoutMs).then(
    () => null,
    (error: unknown) => {
      log.error({ err: error }, 'something could not be stopped')
      return 'stopped with an error'
    },
  )
  const trouble = await Promise.race([stopped, hurried])
  const remains = collector.remains()
  const line = `${trouble ?? 'stopped'}: ${inWords(remains)}`
  if (trouble === null) log.info(remains, line)
  else log.error(remains, line)
  return trouble === null && remains.unanswered === 0
}

/** What could not be kept, and what was but is not in Postgres yet. */
function inWords({ unanswered, spooled }: Remains): string {
  return `${unanswered} requests without an answer, ${spooled} in the spool`
}

/** A terminal is shown a link that logs in, once; a log never holds it. */
function announce(
  collector: Collector,
  admin: AdminToken,
  log: Logger,
  { stdout }: Terminal,
): void {
  const { otlpUrl, otlpGrpcUrl, apiUrl } = collector
  log.info(
    { otlp: otlpUrl, otlpGrpc: otlpGrpcUrl, api: apiUrl, adminTokenFile: admin.file },
    'ready',
  )
  if (!stdout.isTTY) return
  const link = collector.createLoginUrl(admin.token)
  stdout.write(
    [
      '',
      '  Sidelight is ready.',
      ...(otlpUrl === null ? [] : [`  Send OTLP to   ${otlpUrl}, over gRPC to ${otlpGrpcUrl}`]),
      ...(link === null ? [] : [`  Open           ${link}`]),
      '  See something  npm run demo',
      '',
      '',
    ].join('\n'),
  )
}
