import { type Address, formatAddress, isLoopback, isSameDoor } from './address'
import { leastConnections } from './connections'
import type { Fault } from './fault'
import { KEYS, type SettingName, type Settings } from './keys'
import type { Override } from './override'
import { judgeThresholds } from './thresholds'
import type { Scope, Token } from './token'

/** Admission counts a request at this many times its decompressed size: the body itself and the rows made of it. */
export const ADMISSION_FACTOR = 2

/**
 * Faults that lie between settings, each of them valid by itself. A rule is passed over when a setting it needs is in
 * `failed`: that one's own fault is listed already.
 */
export function judgeRules(
  config: Settings & { readonly tokens: readonly Token[]; readonly overrides: readonly Override[] },
  failed: ReadonlySet<SettingName | 'tokens'>,
): Fault[] {
  const hasAll = (...names: (SettingName | 'tokens')[]) => !names.some((name) => failed.has(name))
  const { apiAddress, tokens } = config
  const faults: (Fault | null)[] = []
  for (const name of ['otlpHttpAddress', 'otlpGrpcAddress'] as const) {
    if (!hasAll(name, 'ingestTokens', 'tokens', 'otlpTlsClientCaFile')) continue
    // A certificate that an authority of ours signed says who may send as well as a token does.
    const isGuarded = config.otlpTlsClientCaFile !== null
    if (!isGuarded) faults.push(judgeDoor(name, config[name], tokens, ['ingest']))
  }
  if (hasAll('apiAddress', 'adminTokens', 'readTokens', 'tokens')) {
    faults.push(judgeDoor('apiAddress', apiAddress, tokens, ['admin', 'read']))
  }
  faults.push(...judgePorts(config, failed))
  if (hasAll('otlpTlsCertFile', 'otlpTlsKeyFile', 'otlpTlsClientCaFile')) {
    faults.push(judgeTls(config))
  }
  if (hasAll('databaseConnections', 'roles')) faults.push(judgeConnections(config))
  if (hasAll('admissionBytes', 'maxBodyBytes')) faults.push(judgeAdmission(config))
  if (hasAll('adminTokens', 'readTokens', 'ingestTokens', 'tokens'))
    faults.push(judgeTokens(tokens))
  faults.push(...judgeThresholds(config, config.overrides, (name) => hasAll(name)))
  return faults.filter((fault) => fault !== null)
}

/** What is set and has no effect. */
export function listWarnings(
  settings: Settings,
  texts: ReadonlyMap<SettingName, { readonly source: string }>,
): string[] {
  const isSet = (name: SettingName) => texts.get(name)?.source !== 'default'
  const warnings = []
  if (settings.databaseUrl !== null && isSet('embeddedMaxSizeBytes')) {
    const { env } = KEYS.embeddedMaxSizeBytes
    warnings.push(`${env} has no effect: it caps the collector's own Postgres, and another is used`)
  }
  if (settings.otlpCorsHeaders.length > 0 && settings.otlpCorsOrigins.length === 0) {
    const { env } = KEYS.otlpCorsHeaders
    warnings.push(`${env} has no effect without ${KEYS.otlpCorsOrigins.env}`)
  }
  const { databaseUrl, retentionMaxBytes, embeddedMaxSizeBytes } = settings
  if (databaseUrl === null && (retentionMaxBytes ?? 0) >= embeddedMaxSizeBytes) {
    const { env } = KEYS.retentionMaxBytes
    const cap = KEYS.embeddedMaxSizeBytes.env
    warnings.push(
      `${env} has no effect: requests are refused at ${cap}, before that much is stored`,
    )
  }
  return warnings
}

const DOORS = ['otlpHttpAddress', 'otlpGrpcAddress', 'apiAddress'] as const

/** Each door needs a port that no door before it has. */
function judgePorts(settings: Settings, failed: ReadonlySet<SettingName | 'tokens'>): Fault[] {
  const doors = DOORS.filter((name) => !failed.has(name))
  return doors.flatMap((name, index) => {
    const text = formatAddress(settings[name])
    const other = doors.slice(0, index).find((door) => isSameDoor(settings[door], settings[name]))
    if (other === undefined) return []
    const problem = `its port is that of ${KEYS[other].env}, ${formatAddress(settings[other])}`
    return [describe(name, text, problem, 'a port of its own')]
  })
}

/** A certificate and its key come together, and a client CA with them. */
function judgeTls({
  otlpTlsCertFile: cert,
  otlpTlsKeyFile: key,
  otlpTlsClientCaFile: clientCa,
}: Settings): Fault | null {
  const certName = KEYS.otlpTlsCertFile.env
  const keyName = KEYS.otlpTlsKeyFile.env
  if (cert !== null && key === null) {
    return describe('otlpTlsCertFile', cert, 'its private key is missing', `it with ${keyName}`)
  }
  if (cert === null && key !== null) {
    return describe('otlpTlsKeyFile', key, 'its certificate is missing', `it with ${certName}`)
  }
  if (cert === null && clientCa !== null) {
    const problem = 'without TLS no client shows a certificate'
    return describe('otlpTlsClientCaFile', clientCa, problem, `it with ${certName} and ${keyName}`)
  }
  return null
}

function judgeDoor(
  name: (typeof DOORS)[number],
  address: Address,
  tokens: readonly Token[],
  scopes: readonly Scope[],
): Fault | null {
  if (isLoopback(address) || tokens.some(({ scope }) => scopes.includes(scope))) return null
  const keys = scopes.map((scope) => KEYS[`${scope}Tokens`].env).join(' or ')
  const problem = `it can be reached from elsewhere and no ${scopes.join(' or ')} token is configured; set ${keys}`
  return describe(name, formatAddress(address), problem, 'a loopback address, or any with a token')
}

function judgeConnections({ roles, databaseConnections }: Settings): Fault | null {
  const least = leastConnections(roles)
  if (databaseConnections === null || databaseConnections >= least) return null
  const problem = `the roles ${roles.join(', ')} need ${least}`
  return describe('databaseConnections', String(databaseConnections), problem, `${least} or more`)
}

function judgeAdmission(settings: Settings): Fault | null {
  const { admissionBytes, maxBodyBytes } = settings
  const leastBytes = ADMISSION_FACTOR * maxBodyBytes
  if (admissionBytes >= leastBytes) return null
  const { type, env } = KEYS.maxBodyBytes
  const largest = `${env}=${type.format(maxBodyBytes)}`
  const problem = `a request of the largest size, ${largest}, could never be admitted`
  const allowed = `${type.format(leastBytes)} or more`
  return describe('admissionBytes', type.format(admissionBytes), problem, allowed)
}

function judgeTokens(tokens: readonly Token[]): Fault | null {
  const meanings = new Map<string, string>()
  for (const { token, scope, tenant } of tokens) {
    const meaning = tenant === null ? scope : `${scope} of tenant ${tenant}`
    const other = meanings.get(token) ?? meaning
    if (other !== meaning) {
      const problem = `one token stands for two things, ${other} and ${meaning}`
      const allowed = 'different tokens for different scopes and tenants'
      return { key: 'tokens', value: '***', problem, allowed, place: null }
    }
    meanings.set(token, meaning)
  }
  return null
}

function describe(name: SettingName, value: string, problem: string, allowed: string): Fault {
  return { key: KEYS[name].env, value, problem, allowed, place: null }
}
