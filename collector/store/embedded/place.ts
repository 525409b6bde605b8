import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, realpathSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Logger } from 'pino'
import { type Account, firstClosedFolder } from './account'
import { EmbeddedPostgresError } from './error'

/** Where folders go that Postgres's user cannot reach, one a data folder. */
const SYSTEM_FOLDER = '/var/lib/sidelight'

/** The data of Postgres, inside a data folder. */
export function clusterFolder(dataDir: string): string {
  return join(dataDir, 'postgres')
}

/** The folder used instead of `dataDir` when that was not chosen by anyone and Postgres's user cannot reach it. */
export function substituteFor(dataDir: string): string {
  const path = existsSync(dataDir) ? realpathSync(dataDir) : resolve(dataDir)
  return join(SYSTEM_FOLDER, createHash('sha256').update(path).digest('hex').slice(0, 16))
}

/**
 * Makes the data folder and returns it, or its substitute when `account` cannot reach it and nobody chose it. Throws
 * EmbeddedPostgresError when somebody did, or the folder cannot be made.
 */
export function settleDataFolder(
  dataDir: string,
  explicit: boolean,
  account: Account | null,
  log: Logger,
): string {
  makeFolder(dataDir)
  const folder = realpathSync(dataDir)
  if (account === null) return folder
  const closed = openTo(account, folder)
  if (closed === null) return folder
  if (explicit) {
    throw new EmbeddedPostgresError(
      `cannot keep the database in ${folder}: Postgres does not run as root, and ${account.name}, whom it runs as, may not enter ${closed}; set SIDELIGHT_DATA_DIR to a folder it can reach (such as /var/lib/sidelight), allow it with chmod o+x ${closed}, or set DATABASE_URL`,
    )
  }
  const substitute = substituteFor(folder)
  makeFolder(substitute)
  chmodSync(SYSTEM_FOLDER, 0o755)
  const stillClosed = openTo(account, substitute)
  if (stillClosed !== null) {
    throw new EmbeddedPostgresError(
      `cannot keep the database in ${folder} or ${substitute}: ${account.name}, whom Postgres runs as, may enter neither ${closed} nor ${stillClosed}; set SIDELIGHT_DATA_DIR to a folder it can reach, or set DATABASE_URL`,
    )
  }
  log.info(
    { folder: substitute },
    `the database is in ${substitute}: ${account.name}, whom Postgres runs as, may not enter ${closed}`,
  )
  return substitute
}

/** Says what to do about a file that cannot be used; any other error is returned as it is. */
export function explainFileError(error: unknown, folder: string): unknown {
  const { code, path } = error as NodeJS.ErrnoException
  const why = code === undefined ? undefined : REASONS[code]
  if (why === undefined) return error
  return new EmbeddedPostgresError(
    `cannot use ${folder}: ${why} (${path ?? folder}); set SIDELIGHT_DATA_DIR to another folder, or set DATABASE_URL`,
    { cause: error },
  )
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a file is in the way',
  EEXIST: 'a file is in the way',
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw explainFileError(error, folder)
  }
}

/** Lets `account` pass through `folder`, which is ours, if it may not; returns a folder above that it may not enter, or null. */
function openTo(account: Account, folder: string): string | null {
  const closed = firstClosedFolder(account, folder)
  if (closed !== folder) return closed
  chmodSync(folder, (statSync(folder).mode & 0o7777) | 0o011)
  return firstClosedFolder(account, folder)
}
