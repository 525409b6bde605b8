import { LOGIN_LINKS_PATH } from '../api/routes/login-links'
import { type Config, findAdminToken, formatAddress, loadConfig } from '../config'
import { explainError } from './failure'
import type { Streams } from './output'

const TIMEOUT_MS = 10_000
/** Addresses that mean every one of this machine, which no browser opens. */
const ANY_HOSTS = ['0.0.0.0', '::']

/** `sidelight login`: prints a link that the running collector gives. Returns the exit code: 0, 1 when it gives none, 2 for a bad configuration. */
export async function runLogin(
  env: NodeJS.ProcessEnv,
  { stdout, stderr }: Pick<Streams, 'stdout' | 'stderr'>,
): Promise<number> {
  try {
    const config = loadConfig(env)
    const token = await findAdminToken(config.dataDir, config)
    stdout.write(`${await askForLink(urlOf(config), token)}\n`)
    return 0
  } catch (error) {
    const { text, exitCode } = explainError(error)
    stderr.write(`${text}\n`)
    return exitCode
  }
}

function urlOf({ apiAddress: { host, port } }: Config): string {
  return `http://${formatAddress({ host: ANY_HOSTS.includes(host) ? '127.0.0.1' : host, port })}`
}

async function askForLink(url: string, token: string): Promise<string> {
  const response = await fetch(`${url}${LOGIN_LINKS_PATH}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((cause: unknown) => {
    throw new Error(`cannot ask the collector at ${url} for a link: it does not answer`, { cause })
  })
  const answer = (await response.json()) as { readonly path?: string; readonly detail?: string }
  if (answer.path !== undefined) return `${url}${answer.path}`
  throw new Error(`cannot get a link from ${url}: ${answer.detail ?? `status ${response.status}`}`)
}
