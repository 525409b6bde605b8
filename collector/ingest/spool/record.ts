import { crc32 } from 'node:zlib'
import type { Signal } from '../contract'

/** An acknowledged request as it is kept on disk. */
export interface SpoolRequest {
  /** Its receipt, as uuid text. */
  readonly digest: string
  readonly signal: Signal
  /** Of the caller's token; null and '' differ. */
  readonly tenant: string | null
  /** Arrival, unix milliseconds. */
  readonly receivedMs: number
  /** Protobuf, whatever the caller's encoding was. */
  readonly body: Uint8Array
  /** It may have been committed already: only its receipt tells. */
  readonly isInDoubt: boolean
}

/** Where a record begins. */
export interface Place {
  readonly segment: number
  readonly offset: number
}

/** Records begin at multiples of this, so that a bit for each place says whether what lies there is settled. */
export const ALIGNMENT_BYTES = 64
/** Magic, length of the payload, CRC of the payload, CRC of these and of the place. */
export const HEADER_BYTES = 16

/** The first byte is in no UTF-8 text. */
const MAGIC = Buffer.from([0xf5, 0x53, 0x4c, 0x52])
const DIGEST_BYTES = 16
const [RECEIVED_AT, SIGNAL_AT, FLAGS_AT, TENANT_LENGTH_AT] = [16, 24, 25, 26]
const FIXED_BYTES = 30
const [IN_DOUBT, HAS_TENANT] = [1, 2]
/** The signal's number is its index. */
const SIGNALS: readonly (Signal | undefined)[] = [undefined, 'traces', 'metrics', 'logs']
const PADDING = Buffer.alloc(ALIGNMENT_BYTES)

/** The bytes a record takes in its segment. */
export function sizeOfRecord({ tenant, body }: SpoolRequest): number {
  return align(HEADER_BYTES + FIXED_BYTES + Buffer.byteLength(tenant ?? '') + body.length)
}

/** The pieces of the record at `place`, in order; the body is not copied. */
export function encodeRecord(request: SpoolRequest, place: Place): readonly Uint8Array[] {
  const tenant = Buffer.from(request.tenant ?? '')
  const head = Buffer.alloc(HEADER_BYTES + FIXED_BYTES + tenant.length)
  const payload = head.subarray(HEADER_BYTES)
  payload.write(request.digest.replaceAll('-', ''), 'hex')
  payload.writeDoubleLE(request.receivedMs, RECEIVED_AT)
  payload[SIGNAL_AT] = SIGNALS.indexOf(request.signal)
  payload[FLAGS_AT] =
    (request.isInDoubt ? IN_DOUBT : 0) | (request.tenant === null ? 0 : HAS_TENANT)
  payload.writeUInt32LE(tenant.length, TENANT_LENGTH_AT)
  tenant.copy(payload, FIXED_BYTES)

  MAGIC.copy(head)
  head.writeUInt32LE(payload.length + request.body.length, 4)
  head.writeUInt32LE(crc32(request.body, crc32(payload)), 8)
  head.writeUInt32LE(crcOfHeader(head, place), 12)
  const unpadded = head.length + request.body.length
  return [head, request.body, PADDING.subarray(0, align(unpadded) - unpadded)]
}

export interface RecordHeader {
  /** Header and payload. */
  readonly unpaddedBytes: number
  /** From this record to the next. */
  readonly bytes: number
  readonly payloadCrc: number
}

/**
 * Null when no record begins at `place`. The CRC covers the place, so that neither a block written to a wrong one nor a
 * record inside of somebody's body is taken for a record of the spool.
 */
export function decodeHeader(bytes: Buffer, place: Place): RecordHeader | null {
  if (bytes.length < HEADER_BYTES || !MAGIC.equals(bytes.subarray(0, MAGIC.length))) return null
  if (bytes.readUInt32LE(12) !== crcOfHeader(bytes, place)) return null
  const unpaddedBytes = HEADER_BYTES + bytes.readUInt32LE(4)
  return { unpaddedBytes, bytes: align(unpaddedBytes), payloadCrc: bytes.readUInt32LE(8) }
}

/** Whether `record`, unpadded, is what was written. */
export function isIntact(record: Buffer, { unpaddedBytes, payloadCrc }: RecordHeader): boolean {
  if (record.length < unpaddedBytes) return false
  return crc32(record.subarray(HEADER_BYTES, unpaddedBytes)) === payloadCrc
}

/** Of an intact record. */
export function readReceivedMs(record: Buffer): number {
  return record.readDoubleLE(HEADER_BYTES + RECEIVED_AT)
}

/** What an intact record, unpadded, holds. The body is a copy. */
export function decodeRecord(record: Buffer): SpoolRequest {
  const payload = record.subarray(HEADER_BYTES)
  const flags = payload.readUInt8(FLAGS_AT)
  const signal = SIGNALS[payload.readUInt8(SIGNAL_AT)]
  if (signal === undefined) throw new Error('cannot read a spooled request: its signal is unknown')
  const bodyAt = FIXED_BYTES + payload.readUInt32LE(TENANT_LENGTH_AT)
  return {
    digest: payload
      .toString('hex', 0, DIGEST_BYTES)
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    signal,
    tenant: flags & HAS_TENANT ? payload.toString('utf8', FIXED_BYTES, bodyAt) : null,
    receivedMs: payload.readDoubleLE(RECEIVED_AT),
    body: Buffer.from(payload.subarray(bodyAt)),
    isInDoubt: (flags & IN_DOUBT) !== 0,
  }
}

/** The first place for a record at or after `offset`. */
function align(offset: number): number {
  return Math.ceil(offset / ALIGNMENT_BYTES) * ALIGNMENT_BYTES
}

function crcOfHeader(header: Buffer, { segment, offset }: Place): number {
  const place = Buffer.alloc(8)
  place.writeUInt32LE(segment, 0)
  place.writeUInt32LE(offset, 4)
  return crc32(place, crc32(header.subarray(0, 12)))
}
