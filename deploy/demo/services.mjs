import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const HERE = dirname(fileURLToPath(import.meta.url))
const ROOT = dirname(dirname(HERE))
const START_TIMEOUT_MS = 30_000
const END_TIMEOUT_MS = 5_000
const KEPT_LINES = 20

/** A service that could not be started or ended before its time. */
export class ServiceError extends Error {}

/**
 * The services of the shop, each started the way a user starts one: `node --require sidelight/bootstrap app.js`. What is
 * started is ended by `stop`, by its process id, or by its leash when this process is gone.
 */
export class Services {
  #services = []
  #onEnd
  #printed

  /** `onEnd` hears of a service that ends by itself. What they print is kept in the folder `printed`, if there is one. */
  constructor(onEnd, printed) {
    this.#onEnd = onEnd
    this.#printed = printed
  }

  /** Starts one; resolves, when it listens, with its URL and a way to end it. */
  async start({ name, file, env, telemetry }) {
    const child = spawn(
      process.execPath,
      [
        ...['--require', join(HERE, 'leash.cjs'), '--require', 'sidelight/bootstrap'],
        join(HERE, 'shop', file),
      ],
      {
        cwd: ROOT,
        // In a process group of its own: Ctrl-C is for the demo, which ends its services itself.
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe'],
        env: { ...inheritedEnvironment(), ...telemetry, OTEL_SERVICE_NAME: name, ...env },
      },
    )
    if (this.#printed !== undefined) keepPrinted(child, this.#printed, name)
    const service = { child, isEnding: false }
    this.#services.push(service)
    const lines = []
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line)
      if (lines.length > KEPT_LINES) lines.shift()
    })
    const ended = once(child, 'exit').then(([code, signal]) => {
      const how = signal === null ? `with code ${code}` : `by ${signal}`
      return new ServiceError(`${name} ended ${how}\n${lines.join('\n')}`.trimEnd())
    })
    const url = await firstOf([listeningUrl(child), ended, timeout(name)])
    void ended.then((error) => {
      if (!service.isEnding) this.#onEnd(error)
    })
    return { url, stop: () => end(service) }
  }

  /** Ends all of them and resolves when they are gone. */
  async stop() {
    await Promise.all(this.#services.map(end))
  }
}

function keepPrinted(child, folder, name) {
  mkdirSync(folder, { recursive: true })
  const file = createWriteStream(join(folder, `${name}.log`), { flags: 'a' })
  for (const stream of [child.stdout, child.stderr]) stream.pipe(file, { end: false })
  child.once('close', () => file.end())
}

async function end(service) {
  const { child } = service
  service.isEnding = true
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), END_TIMEOUT_MS)
  await gone
  clearTimeout(timer)
}

function inheritedEnvironment() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(OTEL_|SIDELIGHT_|NODE_OPTIONS$)/.test(name)),
  )
}

/** Apps say where they listen on their first line. */
async function listeningUrl(child) {
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /http:\/\/\S+/.exec(line)?.[0]
    if (url !== undefined) {
      child.stdout.resume()
      return url
    }
  }
  return new Promise(() => {}) // its end is told by the exit
}

function timeout(name) {
  return new Promise((resolve) => {
    const error = new ServiceError(`${name} did not start within ${START_TIMEOUT_MS / 1000} s`)
    setTimeout(resolve, START_TIMEOUT_MS, error).unref()
  })
}

async function firstOf(promises) {
  const first = await Promise.race(promises)
  if (first instanceof Error) throw first
  return first
}
