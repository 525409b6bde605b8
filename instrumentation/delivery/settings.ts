import { readFileSync } from 'node:fs'
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { complain } from '../process/complaint'
import type { Signal } from './contract'

/** Where the bodies of one signal go, and how. */
export interface Destination {
  /** Without credentials and fragment. */
  readonly url: URL
  /** Lower-case names; credentials of the endpoint are in `authorization`. */
  readonly headers: Readonly<Record<string, string>>
  readonly compression: 'gzip' | 'none'
  /** How long an answer is waited for. */
  readonly timeoutMs: number
  readonly tls: { readonly ca?: Buffer; readonly key?: Buffer; readonly cert?: Buffer }
}

/**
 * What the `OTEL_EXPORTER_OTLP_*` variables say about a signal; those of the signal win (OpenTelemetry specification,
 * protocol/exporter). A value that cannot be used is told in one line, never printed (it may hold a secret), and counts
 * as unset. Never throws.
 */
export function readDestination(signal: Signal, env: NodeJS.ProcessEnv): Destination {
  const endpoint = readEndpoint(signal, env)
  const headers = { ...readHeaders(signal, env) }
  const credentials = basicCredentials(endpoint)
  if (credentials !== undefined) headers['authorization'] ??= credentials
  endpoint.username = ''
  endpoint.password = ''
  endpoint.hash = ''
  return {
    url: endpoint,
    headers,
    compression: readCompression(signal, env),
    timeoutMs: readTimeout(signal, env),
    tls: endpoint.protocol === 'https:' ? readCertificates(signal, env) : {},
  }
}

/** Whether only this machine, or this pod, is reached. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}

/** `localhost` may mean ::1 first, where a collector need not listen. */
const DEFAULT_ENDPOINT = 'http://127.0.0.1:4318'
const DEFAULT_TIMEOUT_MS = 10_000
/** Beyond it a timer of Node fires at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

/** What the request itself needs; a header of this name would break it. */
const OWN_HEADERS = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'transfer-encoding',
])

interface Setting {
  readonly name: string
  readonly value: string
}

/** The variable of the signal, else the one for all signals; an empty one counts as unset. */
function find(setting: string, signal: Signal, env: NodeJS.ProcessEnv): Setting | undefined {
  const prefix = 'OTEL_EXPORTER_OTLP_'
  for (const name of [`${prefix}${signal.toUpperCase()}_${setting}`, `${prefix}${setting}`]) {
    const value = env[name]?.trim()
    if (value !== undefined && value !== '') return { name, value }
  }
  return undefined
}

/** The endpoint of a signal is taken as it is; `v1/<signal>` is appended to the one for all signals. */
function readEndpoint(signal: Signal, env: NodeJS.ProcessEnv): URL {
  const setting = find('ENDPOINT', signal, env)
  if (setting === undefined) return appendPath(new URL(DEFAULT_ENDPOINT), signal)
  const url = parseUrl(setting.value)
  if (url === undefined) {
    complain(`${setting.name} is not a URL of http or https, ${DEFAULT_ENDPOINT} is used`)
    return appendPath(new URL(DEFAULT_ENDPOINT), signal)
  }
  return setting.name === 'OTEL_EXPORTER_OTLP_ENDPOINT' ? appendPath(url, signal) : url
}

function parseUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined
}

function appendPath(url: URL, signal: Signal): URL {
  url.pathname += `${url.pathname.endsWith('/') ? '' : '/'}v1/${signal}`
  return url
}

function basicCredentials({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined
  const pair = `${decodePercents(username) ?? username}:${decodePercents(password) ?? password}`
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

/** Those of the signal are added to the ones for all signals, and win. */
function readHeaders(signal: Signal, env: NodeJS.ProcessEnv): Record<string, string> {
  const general = 'OTEL_EXPORTER_OTLP_HEADERS'
  const own = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_HEADERS`
  return { ...parseHeaders(general, env[general]), ...parseHeaders(own, env[own]) }
}

/** The format of W3C baggage, percent-encoded; the properties after a semicolon have no meaning here. */
function parseHeaders(variable: string, text = ''): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [index, member] of text.split(',').entries()) {
    if (member.trim() === '') continue
    const pair = parsePair(member)
    if (pair === undefined) {
      complain(`pair ${index + 1} of ${variable} is not a header as key=value, it is not sent`)
    } else {
      headers[pair.name] = pair.value
    }
  }
  return headers
}

function parsePair(member: string): Setting | undefined {
  const text = member.split(';', 1)[0] ?? ''
  const equals = text.indexOf('=')
  if (equals < 1) return undefined
  const name = decodePercents(text.slice(0, equals).trim())?.toLowerCase()
  const value = decodePercents(text.slice(equals + 1).trim())
  if (name === undefined || value === undefined || OWN_HEADERS.has(name)) return undefined
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  } catch {
    return undefined
  }
  return { name, value }
}

function decodePercents(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function readCompression(signal: Signal, env: NodeJS.ProcessEnv): 'gzip' | 'none' {
  const setting = find('COMPRESSION', signal, env)
  const value = setting?.value.toLowerCase() ?? 'none'
  if (value === 'gzip' || value === 'none') return value
  complain(`${setting?.name} is neither gzip nor none, bodies are not compressed`)
  return 'none'
}

function readTimeout(signal: Signal, env: NodeJS.ProcessEnv): number {
  const setting = find('TIMEOUT', signal, env)
  if (setting === undefined) return DEFAULT_TIMEOUT_MS
  const value = Number(setting.value)
  if (value >= 1 && value <= MAX_TIMEOUT_MS) return value
  complain(`${setting.name} is not a number of milliseconds, ${DEFAULT_TIMEOUT_MS} is used`)
  return DEFAULT_TIMEOUT_MS
}

/** A file that cannot be read counts as not given: the server is then judged by Node's own authorities, never unseen. */
function readCertificates(signal: Signal, env: NodeJS.ProcessEnv): Destination['tls'] {
  const ca = readNamed(find('CERTIFICATE', signal, env))
  const key = readNamed(find('CLIENT_KEY', signal, env))
  const cert = readNamed(find('CLIENT_CERTIFICATE', signal, env))
  return { ...(ca && { ca }), ...(key && { key }), ...(cert && { cert }) }
}

function readNamed(setting: Setting | undefined): Buffer | undefined {
  if (setting === undefined) return undefined
  try {
    return readFileSync(setting.value)
  } catch (error) {
    complain(`cannot read the file of ${setting.name}`, error)
    return undefined
  }
}
