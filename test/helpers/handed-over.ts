import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Signal } from '../../collector/otlp/signal'

export interface HandedOverFile {
  readonly signal?: Signal
  readonly items?: number
  readonly body: Uint8Array
  /** The token of the application, null for none. */
  readonly token?: string | null
  /** How long ago it was written. */
  readonly ageMs?: number
  /** How long ago it was first sent; left out, it never was. */
  readonly triedAgoMs?: number
  /** Instead of the line that says all this. */
  readonly header?: string
}

/** Leaves a file as an application does that ends without its collector; returns its name. */
export function handOver(folder: string, file: HandedOverFile): string {
  const { signal = 'traces', items = 1, body, token = null, ageMs = 0 } = file
  const hash = token === null ? '-' : createHash('sha256').update(token).digest('hex')
  const { header = `sidelight-handover/1 ${signal} ${items} ${hash}\n` } = file
  const random = randomBytes(8).toString('hex')
  const tried = file.triedAgoMs === undefined ? '' : `-${Date.now() - file.triedAgoMs}`
  const name = `${signal}-${process.pid}-${random}${tried}.otlp`
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const draft = join(folder, `.tmp-${random}`)
  writeFileSync(draft, Buffer.concat([Buffer.from(header), body]), { mode: 0o600 })
  const written = (Date.now() - ageMs) / 1_000
  if (ageMs !== 0) utimesSync(draft, written, written)
  renameSync(draft, join(folder, name))
  return name
}
