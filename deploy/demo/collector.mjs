import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Client } from 'pg'

const require = createRequire(import.meta.url)
const { loadConfig } = require('../../dist/collector/config.js')
const { readEmbeddedConnection } = require('../../dist/collector/store/embedded/connection.js')

const HEALTH = '/api/admin/observability/health'
const TRACES = '/api/admin/observability/traces'
const POLL_MS = 250
const HEALTH_POLL_MS = 500
const REQUEST_TIMEOUT_MS = 2_000
/** Of the database; one that is away refuses at once. */
const CONNECT_TIMEOUT_MS = 10_000

/** Where the collector of this environment is, found as it finds it itself. Throws its ConfigError on a bad configuration. */
export function findCollector(env) {
  const config = loadConfig(env)
  return {
    config,
    otlpUrl: urlOf(config.otlpHttpAddress, config.otlpTlsCertFile === null ? 'http' : 'https'),
    apiUrl: urlOf(config.apiAddress),
    ingestToken: config.tokens.find(({ scope }) => scope === 'ingest')?.token,
  }
}

/** Whether the collector is ready within the time; `onWait` is called meanwhile with the seconds waited. */
export async function waitUntilReady({ apiUrl }, timeoutMs, onWait, signal) {
  const startedAt = performance.now()
  for (;;) {
    if (await isReady(apiUrl)) return true
    const waitedMs = performance.now() - startedAt
    if (waitedMs >= timeoutMs || signal.aborted) return false
    onWait(Math.floor(waitedMs / 1000))
    await wait(POLL_MS)
  }
}

/** The database the collector uses; the shop keeps its orders there. */
export function findDatabase({ config }) {
  return config.databaseUrl ?? readEmbeddedConnection(config.dataDir)
}

/** The admin token, and how a shell command says it without showing it. */
export function findAdminToken({ config }, env) {
  const configured = config.tokens.find(({ scope }) => scope === 'admin')
  if (configured !== undefined) {
    const isWhole = env.SIDELIGHT_ADMIN_TOKEN === configured.token
    return { token: configured.token, shell: isWhole ? '$SIDELIGHT_ADMIN_TOKEN' : '$ADMIN_TOKEN' }
  }
  const file = join(config.dataDir, 'admin-token')
  const near = relative(process.cwd(), file)
  const name = near.startsWith('..') ? file : near
  return { token: readFileSync(file, 'utf8').trim(), shell: `$(cat ${quote(name)})` }
}

/**
 * The id of a trace the collector answers with spans of `services` services or more, or undefined after the time. The
 * slowest comes first, which makes a tree worth looking at.
 */
export async function findTrace(
  { apiUrl },
  { token, service, services, since, timeoutMs, signal },
) {
  const query = new URLSearchParams({ threshold: '0', limit: '20', service, since })
  const deadline = performance.now() + timeoutMs
  while (performance.now() < deadline && !signal.aborted) {
    const slow = await get(`${apiUrl}${TRACES}/slow?${query}`, token)
    for (const { traceId } of slow ?? []) {
      const trace = await get(`${apiUrl}${TRACES}/${traceId}`, token)
      const isWhole = trace?.tree?.length === 1 && trace.tree[0].missing !== true
      if (isWhole && trace.services.length >= services) return traceId
    }
    await wait(POLL_MS)
  }
  return undefined
}

/** Calls `onChange` with the health of the services at first, and whenever its status is another, until `signal` is aborted. */
export async function watchHealth({ apiUrl }, token, onChange, signal) {
  let told
  while (!signal.aborted) {
    const health = await get(`${apiUrl}${HEALTH}`, token)
    if (health !== undefined && health.status !== told) {
      told = health.status
      onChange(health)
    }
    await wait(HEALTH_POLL_MS, undefined, { signal }).catch(() => {})
  }
}

/** Removes the shop's tables; nothing else that may be in its schema. */
export async function removeTables(databaseUrl) {
  const client = new Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  })
  try {
    await client.connect()
    await client.query(
      'drop table if exists sidelight_demo.purchase; drop table if exists sidelight_demo.item',
    )
    await client.query('drop schema if exists sidelight_demo')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

async function isReady(apiUrl) {
  try {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
    return (await fetch(`${apiUrl}/health/ready`, { signal })).ok
  } catch {
    return false
  }
}

/** What a question is answered with; undefined when it is not. */
export async function get(url, token) {
  try {
    const answer = await fetch(url, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    })
    return answer.ok ? await answer.json() : undefined
  } catch {
    return undefined
  }
}

/** A door that listens everywhere is reached on loopback. */
function urlOf({ host, port }, scheme = 'http') {
  const everywhere = { '0.0.0.0': '127.0.0.1', '::': '::1' }
  const name = everywhere[host] ?? host
  return `${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}`
}

function quote(text) {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
