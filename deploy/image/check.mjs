/**
 * `npm run image:check`: lays the collector's image out and runs it as a container engine would, with a root that cannot be
 * written to, as the user of the image, on a real Postgres: DATABASE_URL, or else one of its own. Ends with 1 if anything is not as
 * it should be.
 */
import fs from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { obstacle, runImage } from './container.mjs'
import { layOutCollector } from './layout.mjs'

const require = createRequire(import.meta.url)
const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const NONROOT = 65_532
const TOKEN = 'token-of-the-check'
const TRACE = '5b8efff798038103d269b633813fc60c'
const START_TIMEOUT_MS = 60_000
/** Once it lives, for its database to answer. */
const READY_TIMEOUT_MS = Number(process.env.SIDELIGHT_CHECK_READY_TIMEOUT_MS ?? START_TIMEOUT_MS)
const IDLE_MS = 3_000

const why = obstacle()
if (why === null) await main()
else fail(`cannot run the image here: ${why}`)

async function main() {
  const folder = fs.mkdtempSync(join(tmpdir(), 'sidelight-image-'))
  fs.chmodSync(folder, 0o755)
  const tree = join(folder, 'layer')
  await layOutCollector(tree)
  const files = fs.readdirSync(tree, { recursive: true, withFileTypes: true })
  const sizes = files
    .filter((entry) => entry.isFile())
    .map((entry) => fs.statSync(join(entry.parentPath ?? entry.path, entry.name)).size)
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  say(`layer       ${(bytes / 1e6).toFixed(1)} MB in ${sizes.length} files`)
  const postgres = await openPostgres(join(folder, 'postgres'))
  try {
    await check(folder, postgres.url)
  } catch (error) {
    fail(error.stack)
  } finally {
    await postgres.stop()
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

async function check(folder, databaseUrl) {
  await refuseWithoutDatabase(join(folder, 'refused'))
  // The first start makes the schema; the second is what a pod that is started again takes.
  await live(join(folder, 'first'), databaseUrl, 'first start')
  await live(join(folder, 'second'), databaseUrl, 'start')
  say('ok')
}

/** One life of a container: started, asked, sent to, idle, ended. */
async function live(folder, databaseUrl, name) {
  const { findFreePort } = embedded('cluster')
  const [otlp, grpc, api] = [await findFreePort(), await findFreePort(), await findFreePort()]
  const startMs = performance.now()
  const container = run(folder, {
    DATABASE_URL: databaseUrl,
    SIDELIGHT_ADMIN_TOKEN: TOKEN,
    SIDELIGHT_OTLP_HTTP_ADDR: `127.0.0.1:${otlp}`,
    SIDELIGHT_OTLP_GRPC_ADDR: `127.0.0.1:${grpc}`,
    SIDELIGHT_API_ADDR: `127.0.0.1:${api}`,
    SIDELIGHT_HANDOVER_DIR: '/var/lib/sidelight-handover/files',
  })
  try {
    await untilAnswers(`http://127.0.0.1:${api}/health/live`, container, START_TIMEOUT_MS)
    await untilAnswers(`http://127.0.0.1:${api}/health/ready`, container, READY_TIMEOUT_MS)
    const readyMs = performance.now() - startMs
    checkProcess(container.pid)
    await readPage(api)
    await sendSpan(otlp)
    await readSpan(api)
    await wait(IDLE_MS)
    const { VmRSS, RssAnon } = statusOf(container.pid)
    say(
      `${name.padEnd(11)} ready after ${Math.round(readyMs)} ms, idle ${mebibytes(VmRSS)} MiB resident, ${mebibytes(RssAnon)} of it its own`,
    )
    expect(
      (await container.end('SIGTERM')) === 0,
      `SIGTERM did not end it with 0:\n${container.output()}`,
    )
    expect(fs.existsSync(join(folder, 'handover', 'files')), 'there is no hand-over folder')
  } finally {
    await container.end('SIGKILL')
  }
}

/** Nothing else is in the image that could keep data. */
async function refuseWithoutDatabase(folder) {
  const container = run(folder, { SIDELIGHT_ADMIN_TOKEN: TOKEN })
  const code = await container.ended
  expect(code !== 0, 'it started without a database')
  expect(
    container.output().includes('set DATABASE_URL'),
    `it does not ask for DATABASE_URL:\n${container.output()}`,
  )
}

function run(folder, env) {
  const volumes = Object.fromEntries(
    ['data', 'handover'].map((name) => {
      const path = join(folder, name)
      fs.mkdirSync(path, { recursive: true })
      fs.chownSync(path, NONROOT, NONROOT)
      fs.chmodSync(path, 0o700)
      return [name, path]
    }),
  )
  const root = join(folder, 'root')
  fs.mkdirSync(root)
  return runImage({
    tree: join(dirname(folder), 'layer'),
    root,
    volumes: {
      '/var/lib/sidelight': volumes.data,
      '/var/lib/sidelight-handover': volumes.handover,
    },
    env,
  })
}

/** It is the user of the image, may become nobody else, and can write to its volumes alone. */
function checkProcess(pid) {
  const { Uid, Gid, Groups, NoNewPrivs, CapEff } = statusOf(pid)
  expect(
    Uid.split('\t').every((uid) => Number(uid) === NONROOT),
    `it runs as ${Uid}`,
  )
  expect(
    Gid.split('\t').every((gid) => Number(gid) === NONROOT),
    `its group is ${Gid}`,
  )
  expect(['', `${NONROOT}`].includes(Groups.trim()), `its other groups are ${Groups}`)
  expect(NoNewPrivs === '1' && /^0+$/.test(CapEff), 'it may do more than it has to')
  const mounts = fs.readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n')
  const [, , , , , options] = mounts.find((line) => line.split(' ')[4] === '/').split(' ')
  expect(options.split(',').includes('ro'), `its root is ${options}`)
}

async function readPage(api) {
  const page = await fetch(`http://127.0.0.1:${api}/login`)
  const style = /href="([^"]*\.css)"/.exec(await page.text())?.[1]
  const sheet = await fetch(new URL(style ?? 'none', page.url))
  expect(page.ok && sheet.ok, 'its pages cannot be read')
}

async function sendSpan(otlp) {
  const nowNs = BigInt(Date.now()) * 1_000_000n
  const span = {
    traceId: TRACE,
    spanId: 'eee19b7ec3c1b174',
    name: 'GET /',
    kind: 2,
    startTimeUnixNano: String(nowNs - 5_000_000n),
    endTimeUnixNano: String(nowNs),
  }
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'image-check' } }] }
  const response = await fetch(`http://127.0.0.1:${otlp}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }),
  })
  expect(response.ok, `a span was answered ${response.status}: ${await response.text()}`)
}

async function readSpan(api) {
  const response = await fetch(`http://127.0.0.1:${api}/api/admin/observability/traces/${TRACE}`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  })
  const answer = await response.text()
  expect(response.ok && answer.includes('image-check'), `the span cannot be read back: ${answer}`)
}

async function untilAnswers(url, container, timeoutMs) {
  for (const startMs = performance.now(); ; await wait(5)) {
    if (container.hasEnded()) throw new Error(`it ended at its start:\n${container.output()}`)
    try {
      if ((await fetch(url)).ok) return
    } catch {
      // Not yet.
    }
    expect(
      performance.now() - startMs < timeoutMs,
      `${url} does not answer:\n${container.output()}`,
    )
  }
}

async function openPostgres(dataDir) {
  const given = process.env.DATABASE_URL
  if (given) return { url: given, stop: async () => undefined }
  const { startEmbeddedPostgres } = embedded('server')
  const ignore = () => undefined
  const log = { info: ignore, warn: ignore, error: ignore, debug: ignore }
  const postgres = await startEmbeddedPostgres({
    dataDir,
    explicitDataDir: true,
    maxSizeBytes: Number.MAX_SAFE_INTEGER,
    log,
  })
  return { url: postgres.connectionString, stop: () => postgres.stop() }
}

/** What the built collector runs its own Postgres with. */
function embedded(module) {
  return require(join(ROOT, 'dist', 'collector', 'store', 'embedded', `${module}.js`))
}

function statusOf(pid) {
  const lines = fs.readFileSync(`/proc/${pid}/status`, 'utf8').trim().split('\n')
  return Object.fromEntries(lines.map((line) => line.split(/:\t?/)))
}

function mebibytes(text) {
  return Math.round(Number.parseInt(text, 10) / 1_024)
}

function expect(claim, otherwise) {
  if (!claim) throw new Error(otherwise)
}

function say(text) {
  process.stdout.write(`${text}\n`)
}

function fail(text) {
  process.stderr.write(`image: ${text}\n`)
  process.exitCode = 1
}
