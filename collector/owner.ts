import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { identifyProcess } from './process'

const HEARTBEAT_MS = 2_000
/** After this silence an owner that cannot be looked up (another container, same volume) counts as gone. */
const SILENCE_MS = 15_000

/** Another sidelight lives on the folder; the message names its pid and what to do. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse'
}

interface Claim {
  readonly pid: number
  /** identifyProcess of the owner: a number used again is another process. */
  readonly identity: string
  /** Where `pid` means something. */
  readonly place: string
  readonly released: boolean
}

/**
 * Makes this process the only owner of `folder` until the returned function is called or the process ends, in any way.
 * Throws FolderInUse, naming the owner's pid, while another one lives.
 *
 * The owner is whoever made the file with the highest number in `folder`/owner. Files are only ever added with a higher
 * number, by a link that fails if it is there, so two that find the same dead owner cannot both succeed it; a released
 * claim stays behind as a file that says so.
 */
export async function claimFolder(folder: string, signal?: AbortSignal): Promise<() => void> {
  const claims = join(folder, 'owner')
  makeClaims(claims)
  for (;;) {
    const last = numbersIn(claims).at(-1) ?? 0
    if (last > 0) await passOver(folder, join(claims, String(last)), signal)
    const mine = join(claims, String(last + 1))
    if (!addClaim(mine)) continue
    const numbers = numbersIn(claims)
    if (numbers.at(-1) !== last + 1) {
      rmSync(mine, { force: true })
      continue
    }
    for (const number of numbers) {
      if (number <= last) rmSync(join(claims, String(number)), { force: true })
    }
    const heartbeat = setInterval(() => touch(mine), HEARTBEAT_MS).unref()
    return () => {
      clearInterval(heartbeat)
      if (!existsSync(mine)) return
      writeClaim(`${mine}.released`, true)
      renameSync(`${mine}.released`, mine)
    }
  }
}

/** Not with `recursive`, which says of a read-only disk that the folder is not there. */
function makeClaims(claims: string): void {
  try {
    mkdirSync(claims, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Returns when the claim in `file` binds nobody any more; throws while its owner lives. */
async function passOver(folder: string, file: string, signal?: AbortSignal): Promise<void> {
  for (;;) {
    const claim = readClaim(file)
    if (claim === null || claim.released) return
    if (claim.place === placeOfPids()) {
      if (identifyProcess(claim.pid) !== claim.identity) return
      throw ownedBy(folder, `pid ${claim.pid}`)
    }
    const stats = statSync(file, { throwIfNoEntry: false })
    if (stats === undefined || Date.now() - stats.mtimeMs > SILENCE_MS) return
    const seen = stats.mtimeMs
    await wait(HEARTBEAT_MS + HEARTBEAT_MS / 2, undefined, { signal })
    const now = statSync(file, { throwIfNoEntry: false })
    if (now !== undefined && now.mtimeMs !== seen) {
      throw ownedBy(folder, `pid ${claim.pid} in another container`)
    }
  }
}

function ownedBy(folder: string, who: string): FolderInUse {
  return new FolderInUse(
    `cannot use ${folder}: another sidelight (${who}) runs on it; set SIDELIGHT_DATA_DIR to another folder`,
  )
}

function addClaim(file: string): boolean {
  const draft = `${file}.${process.pid}`
  writeClaim(draft, false)
  try {
    linkSync(draft, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

function writeClaim(file: string, released: boolean): void {
  const claim: Claim = {
    pid: process.pid,
    identity: identifyProcess(process.pid) ?? '',
    place: placeOfPids(),
    released,
  }
  writeFileSync(file, JSON.stringify(claim), { mode: 0o600 })
}

/** Null when it was succeeded and removed meanwhile, or its content was lost in a crash of the machine. */
function readClaim(file: string): Claim | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Claim
  } catch (error) {
    if (error instanceof SyntaxError) return null
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function numbersIn(claims: string): number[] {
  return readdirSync(claims)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
}

/** The host and the pid namespace: the same number means another process elsewhere. */
function placeOfPids(): string {
  const namespace = process.platform === 'linux' ? readlinkSync('/proc/self/ns/pid') : ''
  return `${hostname()} ${namespace}`
}

function touch(file: string): void {
  try {
    const now = new Date()
    utimesSync(file, now, now)
  } catch {
    // The folder was removed under us, or the disk is failing: what works in it will say so.
  }
}
