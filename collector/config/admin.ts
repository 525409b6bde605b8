import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { link, mkdir, open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from './fault'
import { KEYS } from './keys'
import { judgeToken, type Token } from './token'

const TOKEN_BYTES = 32

/**
 * The token for administration: the first configured one, with no file, or the one kept in the data folder, which is made
 * if there is none. Two processes at once get the same one. Throws ConfigError when the folder or the file cannot be used.
 */
export async function ensureAdminToken(
  dataDir: string,
  config: { readonly tokens: readonly Token[] },
): Promise<{ readonly token: string; readonly file: string | null }> {
  const configured = config.tokens.find(({ scope }) => scope === 'admin')
  if (configured !== undefined) return { token: configured.token, file: null }
  const file = join(dataDir, 'admin-token')
  try {
    await mkdir(dataDir, { recursive: true })
    const token = (await readToken(file)) ?? (await createToken(file))
    return { token, file }
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw refuse(dataDir, `the admin token cannot be kept in it: ${await explain(error, dataDir)}`)
  }
}

/**
 * The token for administration of a collector that has been started with this configuration: the first configured one, else the
 * one in the data folder. Throws ConfigError when there is none.
 */
export async function findAdminToken(
  dataDir: string,
  config: { readonly tokens: readonly Token[] },
): Promise<string> {
  const configured = config.tokens.find(({ scope }) => scope === 'admin')
  if (configured !== undefined) return configured.token
  const file = join(dataDir, 'admin-token')
  try {
    const token = await readToken(file)
    if (token !== null) return token
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw refuse(dataDir, `the admin token in it cannot be read: ${await explain(error, dataDir)}`)
  }
  throw refuse(dataDir, 'it holds no admin token: no collector has been started with it')
}

async function readToken(file: string): Promise<string | null> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    },
  )
  if (handle === null) return null
  try {
    const token = (await handle.readFile('utf8')).trim()
    const problem = judgeToken(token)
    if (problem !== null) {
      throw refuse(file, `the token in it ${problem}; delete the file to have a new one made`)
    }
    if (((await handle.stat()).mode & 0o077) !== 0) await handle.chmod(0o600)
    return token
  } finally {
    await handle.close()
  }
}

/** Written under another name and linked, so that the file is never there half written, and the first of two wins. */
async function createToken(file: string): Promise<string> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  try {
    const handle = await open(draft, 'wx', 0o600)
    try {
      await handle.writeFile(`${token}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await link(draft, file)
    return token
  } catch (error) {
    const winner = (error as NodeJS.ErrnoException).code === 'EEXIST' ? await readToken(file) : null
    if (winner === null) throw error
    return winner
  } finally {
    await rm(draft, { force: true })
  }
}

function refuse(place: string, problem: string): ConfigError {
  const allowed = `a folder this user can write, or a token in ${KEYS.adminTokens.env}`
  return new ConfigError([{ key: KEYS.dataDir.env, value: place, problem, allowed, place: null }])
}

async function explain(error: unknown, dataDir: string): Promise<string> {
  const message = error instanceof Error ? error.message : String(error)
  const owner = await stat(dataDir).then(
    ({ uid }) => uid,
    () => null,
  )
  const user = process.geteuid?.() ?? null
  if (owner === null || user === null || owner === user) return message
  return `it belongs to the user with id ${owner}, and this is the user with id ${user} (${message})`
}
