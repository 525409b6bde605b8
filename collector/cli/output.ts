import type { Writable } from 'node:stream'

/** Where a command reads and writes; `process` is one. */
export interface Streams {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable
}

/** A stream that says when to wait for its reader, and survives one that goes away (`| head`). */
export class Output {
  readonly #stream: Writable
  #gone = false
  #room: Promise<void> | null = null
  #release: () => void = () => undefined

  /** `onGone` is called when nobody reads any more. */
  constructor(stream: Writable, onGone: () => void) {
    this.#stream = stream
    stream.on('drain', () => this.#release())
    stream.on('error', () => {
      if (this.#gone) return
      this.#gone = true
      this.#release()
      onGone()
    })
  }

  get isGone(): boolean {
    return this.#gone
  }

  /** Writes; a promise is to be awaited before writing more. */
  write(text: string | Buffer): void | Promise<void> {
    if (this.#gone || this.#stream.write(text)) return undefined
    this.#room ??= new Promise((resolve) => {
      this.#release = () => {
        this.#room = null
        resolve()
      }
    })
    return this.#room
  }

  /** Resolves when all that was written has left this process, or nobody reads it any more. */
  flush(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#gone) resolve()
      else this.#stream.write('', () => resolve())
    })
  }
}
