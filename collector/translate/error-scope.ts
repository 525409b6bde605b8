import { createHash, type Hash } from 'node:crypto'
import type { ServiceIdentity } from './identity'

/** A uuid as text of the first 16 of these bytes. */
export function uuidOf(bytes: Buffer): string {
  const hex = bytes.toString('hex', 0, 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** Whose throws count once, of a service and the 16 bytes of a trace: a uuid. */
export function scopeOfTrace(service: ServiceIdentity, traceId: Buffer): string {
  const hash = hashOf(service)
  addPart(hash, traceId)
  return uuidOf(hash.digest())
}

/** Whose throws count once where there is no trace: those of an instance of the service at a time. */
export function scopeOfInstance(
  service: ServiceIdentity,
  instance: string,
  timeNs: bigint,
): string {
  const hash = hashOf(service)
  addPart(hash, Buffer.from(instance))
  addPart(hash, Buffer.from(String(timeNs)))
  return uuidOf(hash.digest())
}

/** Signed 64 bits that stand for a user. */
export function userHashOf(userId: string): bigint {
  return createHash('sha256').update(userId).digest().readBigInt64BE(0)
}

/** The environment is left out: a trace is of one. */
function hashOf({ names: [tenant, , namespace, name] }: ServiceIdentity): Hash {
  const hash = createHash('sha256')
  for (const text of [tenant, namespace, name]) addPart(hash, Buffer.from(text))
  return hash
}

function addPart(hash: Hash, bytes: Buffer): void {
  const length = Buffer.allocUnsafe(4)
  length.writeUInt32BE(bytes.length)
  hash.update(length).update(bytes)
}
