/**
 * `npm run demo`: a small shop of three services under steady traffic, traced into the running collector. The services
 * are plain applications (shop/), instrumented only by the way they are started.
 */
import { parseArgs } from 'node:util'
import {
  findAdminToken,
  findCollector,
  findDatabase,
  removeTables,
  waitUntilReady,
} from './collector.mjs'
import { sendHistory } from './history.mjs'
import { openPartners } from './partners.mjs'
import { releaseBadly } from './release.mjs'
import { Screen } from './screen.mjs'
import { Services } from './services.mjs'
import { openShop } from './shop.mjs'
import { show } from './show.mjs'
import { startTraffic } from './traffic.mjs'

const USAGE = `usage: npm run demo -- [--rate 20] [--seed 1] [--duration SECONDS] [--wait 30]
       [--bad-release SECONDS] [--printed FOLDER]

A shop of three services sends its traces to the running collector until Ctrl-C.

  --rate         requests a second
  --seed         the same seed makes the same requests
  --duration     end after so many seconds
  --wait         seconds to wait for a collector that is starting
  --bad-release  after so many seconds a release of shop-payments that fails ever more charges,
                 and after as many again the one before it; health tells
  --printed      keep what the services print, in a file each of this folder
`

const PROGRESS_INTERVAL_MS = 250

/** A failure whose message is all a person needs. */
class DemoError extends Error {
  constructor(message, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

const screen = new Screen(process.stdout)
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => interrupted.abort())
}

main().catch((error) => {
  screen.endProgress()
  process.stderr.write(`sidelight demo: ${error.message}\n`)
  process.exitCode = error.exitCode ?? 1
})

async function main() {
  const options = readOptions(process.argv.slice(2))
  if (options === undefined) return
  const collector = findCollector(process.env)
  await connect(collector, options)
  if (interrupted.signal.aborted) return
  const databaseUrl = await findDatabase(collector)
  const failed = createPromise()
  const services = new Services(failed.resolve, options.printed)
  const partners = await openPartners()
  try {
    await sendHistory(collector, findAdminToken(collector, process.env).token)
    const shop = await openShop(services, collector, { databaseUrl, partnersUrl: partners.url })
    describeShop(shop.urls)
    await partners.beginImports(shop.urls.gateway)
    await serve({ collector, shop, options, failed: failed.promise })
  } finally {
    await services.stop()
    partners.stop()
    await removeTables(databaseUrl)
  }
}

function readOptions(args) {
  let values
  try {
    const text = { type: 'string' }
    const numbers = { rate: text, seed: text, duration: text, wait: text, 'bad-release': text }
    const known = { ...numbers, printed: text }
    values = parseArgs({ args, options: { ...known, help: { type: 'boolean' } } }).values
  } catch (error) {
    throw new DemoError(`${error.message}\n\n${USAGE}`, 2)
  }
  if (values.help) {
    process.stdout.write(USAGE)
    return undefined
  }
  return {
    rate: numberOf('rate', values.rate ?? '20', 0.1, 1000),
    seed: numberOf('seed', values.seed ?? '1', 0, 2 ** 32 - 1),
    durationMs: numberOf('duration', values.duration ?? 'Infinity', 1, Infinity) * 1000,
    releaseMs:
      values['bad-release'] === undefined
        ? null
        : numberOf('bad-release', values['bad-release'], 1, 86_400) * 1000,
    waitMs: numberOf('wait', values.wait ?? '30', 0, 3600) * 1000,
    printed: values.printed,
  }
}

function numberOf(name, text, min, max) {
  const number = Number(text)
  if (text.trim() !== '' && number >= min && number <= max) return number
  throw new DemoError(`--${name} ${text} must be a number from ${min} to ${max}`, 2)
}

async function connect(collector, { waitMs }) {
  const { apiUrl } = collector
  const isReady = await waitUntilReady(
    collector,
    waitMs,
    (seconds) =>
      screen.progress(
        `waiting for the collector at ${apiUrl} (npm start in another terminal) … ${seconds} s`,
      ),
    interrupted.signal,
  )
  screen.endProgress()
  if (isReady || interrupted.signal.aborted) return
  throw new DemoError(
    `no collector is ready at ${apiUrl}: run "npm start" in another terminal, then this again`,
  )
}

function describeShop({ gateway, orders, payments }) {
  screen.line('A shop of three services is open, each started with --require sidelight/bootstrap:')
  screen.line(`  shop-gateway   Express   ${gateway}`)
  screen.line(`  shop-orders    Fastify   ${orders}   and Postgres`)
  screen.line(`  shop-payments  Fastify   ${payments}`)
}

async function serve({ collector, shop, options, failed }) {
  const since = new Date().toISOString()
  const traffic = startTraffic({ url: shop.urls.gateway, seed: options.seed, rate: options.rate })
  const startedAt = performance.now()
  const timer = setInterval(
    () => screen.progress(progressLine(traffic.counts)),
    PROGRESS_INTERVAL_MS,
  )
  const stopLooking = new AbortController()
  const closing = new AbortController()
  const shown = show({
    collector,
    gatewayUrl: shop.urls.gateway,
    since,
    print: (...lines) => lines.forEach((line) => screen.line(line)),
    signal: stopLooking.signal,
  })
  const released = release({ collector, shop, traffic, options, signal: closing.signal })
  try {
    const failure = await Promise.race([
      failed,
      timePassed(options.durationMs, interrupted.signal),
      ...[shown, released].map((done) => done.then(() => new Promise(() => {}))),
    ])
    if (failure !== undefined) throw failure
    await traffic.stop()
    // With a short --duration the first trace may still be on its way.
    if (interrupted.signal.aborted) stopLooking.abort()
    await shown
  } finally {
    stopLooking.abort()
    closing.abort()
    clearInterval(timer)
    screen.endProgress()
    await traffic.stop()
    // No service is started any more.
    await Promise.allSettled([released])
  }
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  screen.line(`closed after ${seconds} s: ${progressLine(traffic.counts)}`)
}

async function release({ collector, shop, traffic, options, signal }) {
  if (options.releaseMs === null) return
  await releaseBadly({
    collector,
    token: findAdminToken(collector, process.env).token,
    shop,
    traffic,
    periodMs: options.releaseMs,
    tell,
    signal,
  })
}

/** Prints when it was and what, further lines below. */
function tell(first, ...lines) {
  screen.line(`${new Date().toTimeString().slice(0, 8)}  ${first}`)
  for (const line of lines) screen.line(`          ${line}`)
}

function progressLine({ sent, slow, failed, skipped }) {
  const late = skipped === 0 ? '' : ` · ${skipped} skipped, too many in flight`
  return `${sent} requests sent · ${slow} slow · ${failed} failed${late}`
}

/** Resolves with undefined. */
function timePassed(durationMs, signal) {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
    // Timers take at most 2^31 - 1 ms.
    if (durationMs < 2 ** 31) setTimeout(resolve, durationMs).unref()
  })
}

function createPromise() {
  let resolve
  const promise = new Promise((r) => {
    resolve = r
  })
  return { promise, resolve }
}
