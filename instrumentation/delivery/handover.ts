import fs from 'node:fs'
import type * as nodeCrypto from 'node:crypto'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { complain } from '../process/complaint'
import type { Body, Signal } from './contract'
import { type Destination, isLoopback } from './settings'

/**
 * The folder in which bodies that no collector has taken wait for one.
 *
 * A file is `<signal>-<pid>-<random hex>.otlp`, or `<signal>-<pid>-<random hex>-<ms>.otlp` if its body was sent and may have
 * been stored, first at that time (Unix milliseconds). It is moved there whole from a temporary name (`.tmp-…`): one line of
 * ASCII, `sidelight-handover/1 <signal> <items> <token>`, then the body exactly as it was or would have been sent, in protobuf,
 * uncompressed. Whoever takes it knows by its digest whether it came over the network as well. The token is the SHA-256
 * of the bearer token in the OTLP headers, in hex, or `-`: enough to know whose it is, useless to a thief.
 *
 * The folder is `SIDELIGHT_HANDOVER_DIR`, an absolute path or `off` for none, which is made if need be (0700; 2770 where the folder around it passes its group
 * on). It may belong to somebody else and be writable for its group; for others only with the sticky bit. Unset, it is
 * `<tmpdir>/sidelight-<uid>/handover` for an endpoint on this machine, if it is there (a collector makes it) and nobody
 * but this user can write to it or to the folder around it. A symlink is never followed. Files have mode 0600, or 0640 in a folder
 * with the setgid bit, where the folder's group is meant to read them. All files in the folder together have at most
 * `SIDELIGHT_HANDOVER_MAX_BYTES` (64 MiB unless set); what was only begun an hour ago is removed. Nothing is fsynced: what is written outlives the process, not the machine.
 */
export interface Handover {
  /** Synchronously writes what it can, in order; `error` says why the others are not among the `saved`. Never throws. */
  save(bodies: readonly Body[]): { readonly saved: ReadonlySet<Body>; readonly error?: unknown }
  /** Rejects when it cannot be written. */
  saveSoon(body: Body): Promise<void>
}

export function createHandover(
  env: NodeJS.ProcessEnv,
  destinations: Readonly<Record<Signal, Destination>>,
): Handover {
  const maxBytes = readMaxBytes(env)
  const given = readGiven(env)
  // One after the other, so that each counts what the one before has written.
  let previous: Promise<void> = Promise.resolve()
  const open = (signal: Signal): Folder => openFolder(placeOf(destinations[signal], given))
  return {
    save(bodies) {
      const saved = new Set<Body>()
      let failure: { error: unknown } | undefined
      const folders = new Map<string, Room>()
      for (const body of bodies) {
        try {
          const { path, fileMode } = open(body.signal)
          const room = folders.get(path) ?? { bytes: maxBytes - bytesIn(path) }
          folders.set(path, room)
          const parts = [headerOf(body, destinations[body.signal]), body.bytes]
          takeRoom(room, parts)
          writeWhole(path, fileMode, body, parts)
          saved.add(body)
        } catch (error) {
          failure ??= { error }
          // Neither a full nor a broken disk gets better in the last moments of a process.
          if (isDiskFailure(error)) break
        }
      }
      return failure === undefined ? { saved } : { saved, ...failure }
    },
    saveSoon(body) {
      const next = previous.then(async () => {
        const { path, fileMode } = open(body.signal)
        const parts = [headerOf(body, destinations[body.signal]), body.bytes]
        takeRoom({ bytes: maxBytes - (await bytesSoon(path)) }, parts)
        await writeWholeSoon(path, fileMode, body, parts)
      })
      previous = next.catch(() => undefined)
      return next
    },
  }
}

export const DEFAULT_MAX_BYTES = 64 * 1_048_576
const TEMPORARY = '.tmp-'
const STALE_MS = 3_600_000
const [GROUP_WRITE, OTHER_WRITE, STICKY, SETGID] = [0o020, 0o002, 0o1000, 0o2000]
const { O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_WRONLY } = fs.constants

interface Place {
  readonly path: string
  /** Given by the user, who knows what the folder is; otherwise whoever was first may have made it. */
  readonly isGiven: boolean
  /** The folder around it, if that has to be ours, too. */
  readonly parent?: string
}

interface Folder {
  readonly path: string
  readonly fileMode: number
}

interface Room {
  bytes: number
}

/** Why there is no folder to use. */
class NoFolder extends Error {}

/** The folder the user gave; an error when there is to be none. */
function readGiven(env: NodeJS.ProcessEnv): string | NoFolder | undefined {
  const given = env['SIDELIGHT_HANDOVER_DIR']?.trim()
  if (given === undefined || given === '') return undefined
  if (given === 'off') return new NoFolder('SIDELIGHT_HANDOVER_DIR is off')
  if (isAbsolute(given)) return given
  const problem = 'SIDELIGHT_HANDOVER_DIR is not an absolute path'
  complain(`${problem}, nothing is handed over`)
  return new NoFolder(problem)
}

function placeOf({ url }: Destination, given: string | NoFolder | undefined): Place {
  if (given instanceof NoFolder) throw given
  if (given !== undefined) return { path: given, isGiven: true }
  const uid = process.getuid?.()
  if (uid === undefined || !isLoopback(url)) {
    throw new NoFolder('SIDELIGHT_HANDOVER_DIR is not set')
  }
  const parent = join(tmpdir(), `sidelight-${uid}`)
  return { path: join(parent, 'handover'), isGiven: false, parent }
}

/** Throws when the folder is not there, or not to be trusted. */
function openFolder({ path, isGiven, parent }: Place): Folder {
  if (parent !== undefined) checkOwn(parent)
  if (isGiven) makeFolder(path)
  else checkOwn(path)
  const { mode } = statFolder(path)
  if ((mode & OTHER_WRITE) !== 0 && (mode & STICKY) === 0) {
    throw new NoFolder(`everybody may remove files in ${path}, which has no sticky bit`)
  }
  return { path, fileMode: (mode & SETGID) === 0 ? 0o600 : 0o640 }
}

function makeFolder(path: string): void {
  if (fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined) return
  // Not with those around it: in /proc, of all places, Node would try for ever.
  fs.mkdirSync(path, { mode: 0o700 })
  const { mode } = fs.lstatSync(path)
  if ((mode & SETGID) !== 0) fs.chmodSync(path, SETGID | 0o770)
}

function checkOwn(path: string): void {
  const { mode, uid } = statFolder(path)
  if (uid !== process.getuid?.()) throw new NoFolder(`${path} belongs to another user`)
  if ((mode & (GROUP_WRITE | OTHER_WRITE)) !== 0) {
    throw new NoFolder(`others may write to ${path}`)
  }
}

function statFolder(path: string): fs.Stats {
  const stats = fs.lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined) throw new NoFolder(`there is no folder ${path}`)
  if (!stats.isDirectory()) throw new NoFolder(`${path} is not a folder`)
  return stats
}

function bytesIn(path: string): number {
  let bytes = 0
  for (const name of fs.readdirSync(path)) {
    const file = join(path, name)
    const stats = fs.lstatSync(file, { throwIfNoEntry: false })
    if (stats === undefined || !stats.isFile()) continue
    if (isStale(name, stats)) fs.rmSync(file, { force: true })
    else bytes += stats.size
  }
  return bytes
}

async function bytesSoon(path: string): Promise<number> {
  let bytes = 0
  for (const name of await fs.promises.readdir(path)) {
    const file = join(path, name)
    // One that is gone by now has been taken by a collector.
    const stats = await fs.promises.lstat(file).catch(() => undefined)
    if (stats?.isFile() !== true) continue
    if (isStale(name, stats)) await fs.promises.rm(file, { force: true })
    else bytes += stats.size
  }
  return bytes
}

/** Its writer was killed; collectors remove it after the same time. */
function isStale(name: string, { mtimeMs }: fs.Stats): boolean {
  return name.startsWith(TEMPORARY) && Date.now() - mtimeMs > STALE_MS
}

function takeRoom(room: Room, parts: readonly Uint8Array[]): void {
  const bytes = parts.reduce((sum, { byteLength }) => sum + byteLength, 0)
  if (bytes > room.bytes) throw new NoFolder('the folder for handing over is full')
  room.bytes -= bytes
}

function headerOf({ signal, items }: Body, { headers }: Destination): Buffer {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers['authorization'] ?? '')?.[1]
  const token =
    bearer === undefined ? '-' : crypto().createHash('sha256').update(bearer).digest('hex')
  return Buffer.from(`sidelight-handover/1 ${signal} ${items} ${token}\n`)
}

function writeWhole(folder: string, mode: number, body: Body, parts: readonly Uint8Array[]): void {
  const { temporary, final } = namesIn(folder, body)
  const file = fs.openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode)
  try {
    try {
      // The process's umask may have taken the group's right to read.
      fs.fchmodSync(file, mode)
      for (const part of parts) {
        for (let at = 0; at < part.byteLength;) at += fs.writeSync(file, part, at)
      }
    } finally {
      fs.closeSync(file)
    }
    fs.renameSync(temporary, final)
  } catch (error) {
    fs.rmSync(temporary, { force: true })
    throw error
  }
}

async function writeWholeSoon(
  folder: string,
  mode: number,
  body: Body,
  parts: readonly Uint8Array[],
): Promise<void> {
  const { promises } = fs
  const { temporary, final } = namesIn(folder, body)
  const file = await promises.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode)
  try {
    try {
      await file.chmod(mode)
      for (const part of parts) await file.writeFile(part)
    } finally {
      await file.close()
    }
    await promises.rename(temporary, final)
  } catch (error) {
    await promises.rm(temporary, { force: true })
    throw error
  }
}

function namesIn(folder: string, body: Body): { temporary: string; final: string } {
  const random = crypto().randomBytes(8).toString('hex')
  const tried = body.triedMs === undefined ? '' : `-${body.triedMs}`
  const name = `${body.signal}-${process.pid}-${random}${tried}.otlp`
  return { temporary: join(folder, `${TEMPORARY}${name}`), final: join(folder, name) }
}

/** Loaded when there is something to write: most processes never have. */
function crypto(): typeof nodeCrypto {
  return require('node:crypto') as typeof nodeCrypto
}

function isDiskFailure(error: unknown): boolean {
  return !(error instanceof NoFolder)
}

function readMaxBytes(env: NodeJS.ProcessEnv): number {
  const text = env['SIDELIGHT_HANDOVER_MAX_BYTES']?.trim()
  if (text === undefined || text === '') return DEFAULT_MAX_BYTES
  const bytes = Number(text)
  if (Number.isSafeInteger(bytes) && bytes >= 0) return bytes
  complain(`SIDELIGHT_HANDOVER_MAX_BYTES is not a number of bytes, ${DEFAULT_MAX_BYTES} is used`)
  return DEFAULT_MAX_BYTES
}
