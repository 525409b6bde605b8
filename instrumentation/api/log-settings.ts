import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The levels of pino, and none at all. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

/** What lines say of the program they are of. */
export interface LoggedApplication {
  readonly app?: string
  readonly version?: string
  readonly environment?: string
}

/**
 * The level of a module: that of its own variable, else of `LOG_LEVEL_<MODULE>`, else of `LOG_LEVEL`, else `info`. What is no
 * level counts as unset.
 */
export function levelOf(
  module: string,
  envVar: string | undefined,
  env: NodeJS.ProcessEnv,
): LogLevel {
  const own = `LOG_LEVEL_${String(module)
    .slice(0, LONGEST_MODULE)
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_')}`
  for (const name of [envVar, own, 'LOG_LEVEL']) {
    const isNamed = typeof name === 'string' && Object.hasOwn(env, name)
    const level = isNamed ? levelNamed(env[name]) : undefined
    if (level !== undefined) return level
  }
  return 'info'
}

const LONGEST_MODULE = 256

/** Milliseconds from which a database operation is slow. */
export function slowQueryMs(env: NodeJS.ProcessEnv): number {
  return positive(env['LOG_SLOW_QUERY_MS']) ?? 1000
}

/** The files to write, if any. */
export interface LogFiles {
  readonly folder: string
  /** Of a file, from which on the next one is begun. */
  readonly maxBytes: number
  /** Of each kind. */
  readonly kept: number
}

const MIB = 1_048_576

export function logFilesOf(env: NodeJS.ProcessEnv): LogFiles | undefined {
  const folder = env['LOG_FILES_DIR']
  if (folder === undefined || folder === '') return undefined
  return {
    folder,
    maxBytes: positive(env['LOG_FILES_MAX_BYTES']) ?? 5 * MIB,
    kept: Math.ceil(positive(env['LOG_FILES_KEPT']) ?? 5),
  }
}

/** Whether lines are to be read by people: on a terminal, but not in production, unless `LOG_FORMAT` says otherwise. */
export function isReadable(env: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  const format = env['LOG_FORMAT']
  if (format === 'pretty' || format === 'json') return format === 'pretty'
  return isTerminal && env['NODE_ENV'] !== 'production'
}

/** By the variables of OpenTelemetry, else what package.json and `NODE_ENV` say. */
export function loggedApplication(
  env: NodeJS.ProcessEnv,
  entry: string | undefined,
): LoggedApplication {
  const resource = resourceOf(env['OTEL_RESOURCE_ATTRIBUTES'] ?? '')
  const manifest = manifestAbove(entry === undefined ? workingFolder() : dirname(entry))
  const app = env['OTEL_SERVICE_NAME'] || resource.get('service.name') || manifest.name
  const version = resource.get('service.version') || manifest.version
  const environment =
    resource.get('deployment.environment.name') ||
    resource.get('deployment.environment') ||
    env['NODE_ENV']
  return {
    ...(app ? { app } : undefined),
    ...(version ? { version } : undefined),
    ...(environment ? { environment } : undefined),
  }
}

const LEVELS: ReadonlySet<string> = new Set('trace debug info warn error fatal silent'.split(' '))

function levelNamed(text: string | undefined): LogLevel | undefined {
  const name = text?.trim().toLowerCase()
  if (name === 'warning') return 'warn'
  return name !== undefined && LEVELS.has(name) ? (name as LogLevel) : undefined
}

function positive(text: string | undefined): number | undefined {
  const value = Number(text)
  return text !== '' && value > 0 && Number.isFinite(value) ? value : undefined
}

function resourceOf(text: string): Map<string, string> {
  const attributes = new Map<string, string>()
  for (const pair of text.split(',')) {
    const [name = '', value = ''] = pair.split('=')
    try {
      attributes.set(name.trim(), decodeURIComponent(value.trim()))
    } catch {
      // It is no percent-encoding.
    }
  }
  return attributes
}

/** It may be gone. */
function workingFolder(): string {
  try {
    return process.cwd()
  } catch {
    return '/'
  }
}

function manifestAbove(folder: string): { readonly name?: string; readonly version?: string } {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const manifest = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as Record<
        string,
        unknown
      >
      const { name, version } = manifest
      return {
        ...(typeof name === 'string' ? { name } : undefined),
        ...(typeof version === 'string' ? { version } : undefined),
      }
    } catch {
      // There is none, or it is not for us to read.
    }
    if (dirname(at) === at) return {}
  }
}
