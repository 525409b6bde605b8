import { readdirSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Client } from 'pg'
import { quantile } from '../../bench/report'
import { compareLedger, startLedgerApplication } from '../../helpers/ledger-application'
import { until } from '../../helpers/until'
import { watchMemory } from '../memory'
import type { Scenario } from '../scenario'
import type { Stage } from '../stage'

const SECOND_MS = 1_000
const WARM_UP_MS = 3 * SECOND_MS
const FULL = { beforeMs: 15 * SECOND_MS, awayMs: 30 * SECOND_MS }
const SHORT = { beforeMs: 5 * SECOND_MS, awayMs: 6 * SECOND_MS }
const PATIENCE_MS = 60 * SECOND_MS
/** Of five spans each. */
const REQUESTS_PER_SECOND = 100
const TICK_MS = 20

/** The collector of an instrumented application dies and stays away, while the application is asked as before. */
export const APPLICATION_SCENARIOS: readonly Scenario[] = [
  {
    name: 'application-away',
    fault: 'kill -9 of the collector of an application at 500 spans/s, away for 30 s (short: 6 s)',
    times: { full: 3, short: 1 },
    async run(stage) {
      const { beforeMs, awayMs } = stage.isShort ? SHORT : FULL
      const { sidecar } = await stage.play()
      const database = await stage.connect()
      const handoverDir = join(sidecar.dataDir, 'handover')
      const ledgerPath = join(sidecar.dataDir, 'application')
      const { otlpUrl } = sidecar
      const plan = { way: 'serve', otlpUrl, handoverDir, ledgerPath } as const
      const application = startLedgerApplication(stage, plan)
      const url = await until(() => application.stdout().trim(), PATIENCE_MS, 'a server')
      const memory = watchMemory(application.child.pid ?? -1)
      const load = askEvery(url)
      stage.teardown(() => load.stop())
      await wait(WARM_UP_MS)
      await stage.repeat(async () => {
        load.take()
        await wait(beforeMs)
        const before = load.take()
        await sidecar.end('SIGKILL')
        await wait(awayMs)
        const during = load.take()
        await sidecar.start()
        stage.note(`requests before: ${describe(before)}; while away: ${describe(during)}`)
        await caughtUp(stage, database, application.spans().all.at(-1) ?? '')
        await stage.flow()
      })
      const failures = await load.stop()
      stage.claim(failures.length === 0, `${failures.length} requests failed: ${failures[0]}`)
      application.child.kill('SIGTERM')
      const { signal, stderr } = await application.ended
      stage.claim(signal === 'SIGTERM', 'the application ends by the signal it was sent')
      stage.claim(!/ lost/.test(stderr), `the application says: ${stderr.trim()}`)
      memory.stop()
      await until(() => isEmpty(handoverDir), PATIENCE_MS, 'a folder without files')
      await sidecar.drained()
      const { all, logged } = application.spans()
      for (const [what, figures] of Object.entries(
        await compareLedger(database, { all, logged }),
      )) {
        const { stored, lost, duplicated, unknown } = figures
        stage.note(`${what} of the application: ${stored}, lost ${lost}, duplicated ${duplicated}`)
        stage.claim(lost + duplicated + unknown === 0, `${what}: ${JSON.stringify(figures)}`)
      }
      stage.note(`peak RSS of the application: ${Math.round(memory.peakMib())} MiB`)
    },
  },
]

interface Load {
  /** Milliseconds of each request answered since the last call. */
  take(): number[]
  /** Waits for the requests under way; the messages of those that failed. */
  stop(): Promise<readonly string[]>
}

/** Requests at a steady rate, whether answers come or not. */
function askEvery(url: string): Load {
  const agent = new http.Agent({ keepAlive: true })
  const underWay = new Set<Promise<void>>()
  const failures: string[] = []
  const startedMs = performance.now()
  let tookMs: number[] = []
  let sent = 0
  const timer = setInterval(() => {
    const due = ((performance.now() - startedMs) / SECOND_MS) * REQUESTS_PER_SECOND
    for (; sent < due; sent++) {
      const asked = ask(url, agent)
        .then((ms) => void tookMs.push(ms))
        .catch((error: Error) => void failures.push(error.message))
        .finally(() => underWay.delete(asked))
      underWay.add(asked)
    }
  }, TICK_MS)
  return {
    take() {
      const taken = tookMs
      tookMs = []
      return taken
    },
    async stop() {
      clearInterval(timer)
      await Promise.all(underWay)
      agent.destroy()
      return failures
    },
  }
}

function ask(url: string, agent: http.Agent): Promise<number> {
  const startedMs = performance.now()
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent }, (response) => {
      response.once('end', () => resolve(performance.now() - startedMs)).resume()
    })
    request.once('error', reject)
  })
}

function describe(tookMs: readonly number[]): string {
  const figures = [0.5, 0.99, 1].map((q) => quantile(tookMs, q).toFixed(1))
  return `${tookMs.length}, ${figures.join(' / ')} ms (p50 / p99 / max)`
}

/** From the ready collector to the last span ended before it was. */
async function caughtUp(stage: Stage, database: Client, spanId: string): Promise<void> {
  const startedMs = performance.now()
  const isThere = async () => {
    const { rows } = await database.query('select from sidelight.spans where span_hex = $1', [
      spanId,
    ])
    return rows.length > 0
  }
  await until(isThere, PATIENCE_MS, 'what the application kept meanwhile')
  const seconds = (performance.now() - startedMs) / SECOND_MS
  stage.note(`what was kept is stored ${seconds.toFixed(1)} s after the collector is ready`)
}

function isEmpty(folder: string): boolean {
  return !readdirSync(folder).some((name) => name.endsWith('.otlp'))
}
