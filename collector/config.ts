import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { LIBPQ_NAMES, maskUrl, readLibpqUrl } from './config/database'
import { findUnknownVariables } from './config/environment'
import { BadValue, ConfigError, type Fault } from './config/fault'
import { type FileSettings, parseFile } from './config/file'
import { type GroupingTexts, NO_GROUPING } from './config/grouping'
import type { Key } from './config/key'
import { KEYS, type SettingName, type Settings } from './config/keys'
import type { Override } from './config/override'
import { judgeRules, listWarnings } from './config/rules'
import { composeThresholds } from './config/thresholds'
import type { Token } from './config/token'
import type { ThresholdSet } from './health/thresholds'
import { compileRules, type FingerprintRules } from './translate/fingerprint/rules'

export { describeConfig } from './config/describe'
export { ConfigError } from './config/fault'
export { type HandoverPlace, handoverPlaceOf } from './config/handover'
export { retentionBytesOf, retentionDaysOf } from './config/retention'
export { type Address, formatAddress } from './config/address'
export type { LogLevel, Role } from './config/keys'
export type { Scope, Token } from './config/token'
export { ensureAdminToken, findAdminToken } from './config/admin'

/** Where a setting came from. */
export type Source = 'default' | 'environment' | 'file'

/** A setting as it is shown. */
export interface SettingText {
  readonly env: string
  /** Canonical and masked; empty when not set. */
  readonly text: string
  readonly source: Source
  /** `file:line`, or the variables it was read from where they are not its own; else null. */
  readonly place: string | null
}

/**
 * The effective configuration. `databaseUrl` is null when the collector runs a Postgres of its own, `dataDir` and
 * `configFile` are absolute paths.
 */
export interface Config extends Settings {
  /** Every token of the environment and the file, without the generated one. */
  readonly tokens: readonly Token[]
  /** What single services and modules have for themselves, as the file says it. */
  readonly overrides: readonly Override[]
  /** From when on what is degraded or critical, with those. */
  readonly thresholds: ThresholdSet
  /** How errors are grouped, as the file says it, and ready for use. */
  readonly grouping: GroupingTexts
  readonly fingerprintRules: FingerprintRules
  /** Whether somebody chose `dataDir`. */
  readonly explicitDataDir: boolean
  /** What is odd but not wrong, one sentence each. */
  readonly warnings: readonly string[]
  /** What `describeConfig` shows. */
  readonly texts: ReadonlyMap<SettingName, SettingText>
}

export interface LoadOptions {
  readonly readFile?: (path: string) => string
  readonly cwd?: string
}

/**
 * Reads the configuration from the environment and from the file SIDELIGHT_CONFIG names; the environment wins. An empty
 * variable counts as not set. Throws one ConfigError that lists every fault.
 */
export function loadConfig(env: NodeJS.ProcessEnv, options: LoadOptions = {}): Config {
  const cwd = options.cwd ?? process.cwd()
  const loading = new Loading(env)
  loading.faults.push(...findUnknownVariables(env))
  const configFile = loading.read('configFile', KEYS.configFile)
  if (configFile !== null) loading.readFile(configFile, resolve(cwd, configFile), options.readFile)
  const settings = loading.readAll()
  const tokens = loading.collectTokens(settings)
  const explicitDataDir = loading.texts.get('dataDir')?.source !== 'default'
  const { texts, faults, overrides, grouping } = loading
  faults.push(...judgeRules({ ...settings, tokens, overrides }, loading.failed))
  if (faults.length > 0) throw new ConfigError(faults)
  return {
    ...settings,
    configFile: configFile === null ? null : resolve(cwd, configFile),
    dataDir: resolve(cwd, settings.dataDir),
    tokens,
    overrides,
    thresholds: composeThresholds(settings, overrides),
    grouping,
    fingerprintRules: compileRules(grouping.rules, grouping.inApp),
    explicitDataDir,
    warnings: [...loading.warnings, ...listWarnings(settings, texts)],
    texts,
  }
}

/** What is known of the configuration while it is read. */
class Loading {
  readonly faults: Fault[] = []
  readonly warnings: string[] = []
  readonly texts = new Map<SettingName, SettingText>()
  /** Settings whose value is not to be judged further, because it or the file it may stand in could not be read. */
  readonly failed = new Set<SettingName | 'tokens'>()
  readonly #env: NodeJS.ProcessEnv
  #file: FileSettings | null = null

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env
  }

  readFile(name: string, path: string, readFile = (file: string) => readFileSync(file, 'utf8')) {
    try {
      this.#file = parseFile(name, readFile(path))
      this.faults.push(...this.#file.faults)
      if (this.#file.faults.length > 0) this.failed.add('tokens')
    } catch (error) {
      const problem = `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`
      const { env } = KEYS.configFile
      this.faults.push({ key: env, value: name, problem, allowed: null, place: null })
      this.failed.add('tokens')
    }
  }

  get overrides(): readonly Override[] {
    return this.#file?.overrides ?? []
  }

  get grouping(): GroupingTexts {
    return this.#file?.grouping ?? NO_GROUPING
  }

  readAll(): Settings {
    const entries = Object.entries(KEYS) as [SettingName, Key<unknown>][]
    return Object.fromEntries(
      entries.map(([name, key]) => [name, this.read(name, key)]),
    ) as Settings
  }

  read<T>(name: SettingName, key: Key<T>): T {
    const { text, source, place, label } = this.#find(key)
    let value = key.fallback
    try {
      if (text !== null) value = key.type.parse(text)
    } catch (error) {
      if (!(error instanceof BadValue)) throw error
      const inFile = source === 'file'
      this.faults.push({
        key: inFile ? (key.path ?? label) : label,
        value: mask(key, text ?? ''),
        problem: error.message,
        allowed: key.type.allowed,
        place: inFile ? place : null,
      })
      this.failed.add(name)
    }
    this.texts.set(name, { env: key.env, text: mask(key, key.type.format(value)), source, place })
    return value
  }

  collectTokens(settings: Settings): readonly Token[] {
    const fromEnvironment = (['admin', 'read', 'ingest'] as const).flatMap((scope) =>
      settings[`${scope}Tokens`].map((token) => ({ token, scope, tenant: null })),
    )
    return [...fromEnvironment, ...(this.#file?.tokens ?? [])]
  }

  #find<T>(key: Key<T>) {
    const label = key.env
    const variable = this.#variableOf(key)
    if (variable) return { text: variable, source: 'environment', place: null, label } as const
    const entry = key.path === null ? undefined : this.#file?.texts.get(key.path)
    if (entry && entry.text !== '') {
      return { text: entry.text, source: 'file', place: entry.place, label } as const
    }
    const libpq = key.env === KEYS.databaseUrl.env ? readLibpqUrl(this.#env) : null
    if (libpq !== null) {
      const variables = LIBPQ_NAMES.filter((name) => this.#env[name]).join(', ')
      return { text: libpq, source: 'environment', place: variables, label: variables } as const
    }
    return { text: null, source: 'default', place: null, label } as const
  }

  #variableOf<T>({ env, type, isShared }: Key<T>): string | undefined {
    const text = this.#env[env]?.trim()
    if (!text || !isShared) return text
    try {
      type.parse(text)
      return text
    } catch (error) {
      if (!(error instanceof BadValue)) throw error
      this.warnings.push(`${env} is ignored: ${error.message}; allowed: ${type.allowed}`)
      return undefined
    }
  }
}

/** The text as it may be shown. */
function mask<T>(key: Key<T>, text: string): string {
  if (!key.isSecret || text === '') return text
  return key.env === KEYS.databaseUrl.env ? maskUrl(text) : '***'
}
