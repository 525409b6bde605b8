import { createLog, openLogOutput } from '../../collector/telemetry/log'

/** Logs a line that is longer than a pipe holds, then a short one, and leaves. */
async function main(): Promise<void> {
  const output = openLogOutput()
  const log = createLog('info', output.stream)
  log.info('long '.repeat(100_000))
  log.info('last')
  await output.written()
  process.exit(7)
}

void main()
