import { hash } from 'node:crypto'
import type { ServiceIdentity } from './identity'

const LENGTH_BYTES = 4
/** UTF-8 takes up to three bytes for a unit of UTF-16. */
const BYTES_A_UNIT = 3
const USUAL_BYTES = 256

/** A uuid as text of the first 16 bytes of a digest in hex. */
export function uuidOf(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}

/** Says whose throws count once: a uuid. The environment is left out, a trace is of one. */
export class Scopes {
  /** What is hashed: first of the service, which most throws in a row have in common, then of the trace. */
  #bytes = Buffer.allocUnsafeSlow(USUAL_BYTES)
  #service: ServiceIdentity | null = null
  #serviceEnd = 0

  /** Those of a service and the 16 bytes of a trace. */
  ofTrace(service: ServiceIdentity, bytes: Buffer, start: number, end: number): string {
    this.#begin(service)
    const at = this.#serviceEnd
    this.#reserve(at, end - start)
    this.#bytes.writeUInt32BE(end - start, at)
    bytes.copy(this.#bytes, at + LENGTH_BYTES, start, end)
    return this.#digest(at + LENGTH_BYTES + end - start)
  }

  /** Where there is no trace, those of an instance of the service at a time. */
  ofInstance(service: ServiceIdentity, instance: string, timeNs: bigint): string {
    this.#begin(service)
    return this.#digest(this.#text(this.#text(this.#serviceEnd, instance), String(timeNs)))
  }

  #begin(service: ServiceIdentity): void {
    if (this.#service === service) return
    this.#service = service
    const [tenant, , namespace, name] = service.names
    let end = 0
    for (const text of [tenant, namespace, name]) end = this.#text(end, text)
    this.#serviceEnd = end
  }

  /** Each part has its length before it. Returns where it ends. */
  #text(at: number, text: string): number {
    this.#reserve(at, text.length * BYTES_A_UNIT)
    const length = this.#bytes.write(text, at + LENGTH_BYTES)
    this.#bytes.writeUInt32BE(length, at)
    return at + LENGTH_BYTES + length
  }

  #reserve(at: number, size: number): void {
    const needed = at + LENGTH_BYTES + size
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafeSlow(needed * 2)
    this.#bytes.copy(grown, 0, 0, at)
    this.#bytes = grown
  }

  #digest(end: number): string {
    return uuidOf(hash('sha256', this.#bytes.subarray(0, end), 'hex'))
  }
}

/** Signed 64 bits that stand for a user. */
export function userHashOf(userId: string): bigint {
  return BigInt.asIntN(64, BigInt(`0x${hash('sha256', userId, 'hex').slice(0, 16)}`))
}
