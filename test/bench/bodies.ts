import { readFileSync, writeFileSync } from 'node:fs'

/** A body and where it is posted. */
export interface Body {
  readonly path: string
  readonly bytes: Buffer
}

const HEAD_BYTES = 5

/** Writes bodies into a file, for another process to post. */
export function writeBodies(file: string, bodies: readonly Body[]): void {
  const parts = bodies.flatMap(({ path, bytes }) => {
    const head = Buffer.alloc(HEAD_BYTES)
    head.writeUInt32LE(bytes.length)
    head.writeUInt8(path.length, 4)
    return [head, Buffer.from(path, 'latin1'), bytes]
  })
  writeFileSync(file, Buffer.concat(parts))
}

/** Reads what `writeBodies` wrote. */
export function readBodies(file: string): Body[] {
  const bytes = readFileSync(file)
  const found: Body[] = []
  for (let at = 0; at < bytes.length;) {
    const pathAt = at + HEAD_BYTES
    const bodyAt = pathAt + bytes.readUInt8(at + 4)
    const end = bodyAt + bytes.readUInt32LE(at)
    found.push({
      path: bytes.toString('latin1', pathAt, bodyAt),
      bytes: bytes.subarray(bodyAt, end),
    })
    at = end
  }
  return found
}
