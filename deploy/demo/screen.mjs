const PLAIN_INTERVAL_MS = 5_000

/** Writes lines, and below them one line of progress that is rewritten on a terminal; elsewhere it comes every 5 s. */
export class Screen {
  #out
  #progress = ''
  #lastPlainAt = -Infinity

  constructor(out) {
    this.#out = out
  }

  line(text = '') {
    this.#erase()
    this.#out.write(`${text}\n`)
    if (this.#progress !== '') this.#out.write(this.#progress)
  }

  progress(text) {
    if (this.#out.isTTY) {
      this.#erase()
      this.#progress = text.slice(0, (this.#out.columns || 80) - 1)
      this.#out.write(this.#progress)
    } else if (performance.now() - this.#lastPlainAt >= PLAIN_INTERVAL_MS) {
      this.#lastPlainAt = performance.now()
      this.#out.write(`${text}\n`)
    }
  }

  endProgress() {
    this.#erase()
    this.#progress = ''
    this.#lastPlainAt = -Infinity
  }

  #erase() {
    if (this.#progress !== '') this.#out.write('\r\x1b[K')
  }
}
