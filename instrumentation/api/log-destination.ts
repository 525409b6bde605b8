import type { DestinationStream, pino as Pino, StreamEntry } from 'pino'
import type { PinoPretty } from 'pino-pretty'
import { openLogFile } from './log-files'
import { isReadable, logFilesOf } from './log-settings'

/**
 * Where lines go: to stdout, readable on a terminal and as JSON otherwise, and to files if a folder is configured: all of
 * them to `combined`, errors to `error` as well. Undefined for what pino itself does, JSON to stdout.
 */
export function openDestination(
  pino: typeof Pino,
  env: NodeJS.ProcessEnv,
): DestinationStream | undefined {
  const stdout = isReadable(env, process.stdout.isTTY) ? readableStdout(env) : undefined
  const files = logFilesOf(env)
  if (files === undefined) return stdout
  const streams: StreamEntry[] = [
    { level: 'trace', stream: stdout ?? pino.destination(1) },
    { level: 'trace', stream: openLogFile('combined', files) },
    { level: 'error', stream: openLogFile('error', files) },
  ]
  return pino.multistream(streams)
}

function readableStdout(env: NodeJS.ProcessEnv): DestinationStream {
  const pretty = require('pino-pretty') as typeof PinoPretty
  return pretty({
    colorize: env['NO_COLOR'] === undefined || env['NO_COLOR'] === '',
    messageKey: 'message',
    timestampKey: 'timestamp',
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'logger,app,version,environment',
    messageFormat: '[{module}] {message}',
    singleLine: true,
    sync: true,
    destination: 1,
  })
}
