import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { EmbeddedPostgresError } from './error'

/** The system user Postgres runs as: Postgres refuses to run as root. */
export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

const PREFERRED = ['postgres', '_postgres', 'nobody']

/**
 * The account to start Postgres as, or null when this process is an ordinary user and Postgres runs as the same one.
 * Throws EmbeddedPostgresError when this is root and no fit account exists.
 */
export function chooseAccount(): Account | null {
  const uid = process.getuid?.()
  if (uid === undefined) return null
  if (uid !== 0) return null
  const accounts = readAccounts()
  for (const name of PREFERRED) {
    const found = accounts.find((account) => account.name === name)
    if (found !== undefined && found.uid > 0) return found
  }
  throw new EmbeddedPostgresError(
    `cannot start the embedded Postgres as root: Postgres needs an unprivileged user, and /etc/passwd lists none of ${PREFERRED.join(', ')}; create one, start as another user, or set DATABASE_URL`,
  )
}

/** The name of the user Postgres runs as, for people. */
export function nameOf(account: Account | null): string {
  if (account !== null) return account.name
  const uid = process.getuid?.()
  return readAccounts().find((listed) => listed.uid === uid)?.name ?? `uid ${uid ?? 'unknown'}`
}

/** The first folder on the way to `path` (itself included) that `account` may not enter, or null. Missing ones are not checked. */
export function firstClosedFolder(account: Account, path: string): string | null {
  const folders: string[] = []
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    folders.unshift(folder)
    if (folder === dirname(folder)) break
  }
  for (const folder of folders) {
    const stats = statSync(folder, { throwIfNoEntry: false })
    if (stats === undefined) return null
    if ((permissionsOf(account, stats) & 1) === 0) return folder
  }
  return null
}

/** What `account` may do with a file of these owners and mode: 4 read, 2 write, 1 execute or enter. */
export function permissionsOf(
  account: Account,
  file: { readonly uid: number; readonly gid: number; readonly mode: number },
): number {
  if (file.uid === account.uid) return (file.mode >> 6) & 7
  if (file.gid === account.gid) return (file.mode >> 3) & 7
  return file.mode & 7
}

function readAccounts(): Account[] {
  return readPasswd()
    .split('\n')
    .map((line) => line.split(':'))
    .filter((fields) => fields.length >= 7 && !fields[0]?.startsWith('#'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
}

/** Without the file there is nobody to find in it, which the caller explains. */
function readPasswd(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8')
  } catch {
    return ''
  }
}
