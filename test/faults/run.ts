/**
 * `npm run faults [-- --short] [-- NAME ...]`: injects every fault we can stage under load and counts what of the
 * acknowledged is stored, lost or stored twice. Prints a table; exits 1 when anything is lost, stored twice, or a claim of
 * a scenario does not hold. `--list` names the scenarios, `--times N` says how often each fault comes, `--seed N` repeats a
 * run's random moments.
 */
import { startCluster, type TestCluster } from '../helpers/postgres'
import { createRandom } from '../helpers/random'
import { administer } from './administration'
import { type Arguments, parseArguments, USAGE } from './arguments'
import { thaw } from './freeze'
import { faultsOf, formatReport, type Result } from './report'
import { NotRun, type Scenario } from './scenario'
import { SCENARIOS } from './scenarios'
import { Stage } from './stage'

const startedAt = performance.now()

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : error}\n`)
  process.exitCode = 1
})

async function main(args: readonly string[]): Promise<void> {
  let parsed: Arguments
  try {
    parsed = parseArguments(
      args,
      SCENARIOS.map(({ name }) => name),
    )
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}\n`)
    process.exitCode = 1
    return
  }
  if (parsed.isList) {
    const width = Math.max(...SCENARIOS.map(({ name }) => name.length))
    for (const { name, fault, times } of SCENARIOS) {
      console.log(`${name.padEnd(width)}  ${times.full}/${times.short}  ${fault}`)
    }
    return
  }
  const results = await runAll(parsed)
  console.log(`seed ${parsed.seed}\n\n${formatReport(results)}`)
  if (results.some((result) => faultsOf(result).length > 0)) process.exitCode = 1
}

async function runAll(parsed: Arguments): Promise<Result[]> {
  const cleanups: (() => Promise<void>)[] = []
  const cluster = await startCluster({ teardown: (cleanup) => void cleanups.push(cleanup) })
  log(`seed ${parsed.seed}`)
  const results: Result[] = []
  try {
    for (const scenario of SCENARIOS) {
      if (parsed.names.length > 0 && !parsed.names.includes(scenario.name)) continue
      results.push(await runOne(scenario, parsed, cluster))
    }
  } finally {
    for (const cleanup of cleanups) await cleanup()
  }
  return results
}

/** In a database of its own. */
async function runOne(
  scenario: Scenario,
  { isShort, times, seed }: Arguments,
  cluster: TestCluster,
): Promise<Result> {
  const { name } = scenario
  const rounds = times ?? scenario.times[isShort ? 'short' : 'full']
  if (rounds === 0) return { name, notRun: 'takes too long for the short run' }
  const database = `faults_${name.replaceAll('-', '_')}`
  await administer(cluster, `create database ${database}`)
  const stage = new Stage({
    name,
    times: rounds,
    isShort,
    // Each scenario has moments of its own, whichever others run.
    random: createRandom(seed ^ hash(name)),
    cluster,
    database,
    log,
  })
  const interrupt = () => void stage.close().finally(() => process.exit(1))
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    const result = await playOut(scenario, stage)
    const faults = faultsOf(result)
    stage.say(faults.length === 0 ? 'done' : faults.join('; '))
    return result
  } finally {
    await stage.close()
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
    await administer(cluster, `drop database if exists ${database} with (force)`)
  }
}

/** A scenario that breaks off is settled all the same. */
async function playOut(scenario: Scenario, stage: Stage): Promise<Result> {
  const { name } = scenario
  try {
    stage.say(scenario.fault)
    await scenario.run(stage)
  } catch (error) {
    if (error instanceof NotRun) return { name, notRun: error.message }
    stage.claim(false, `broke off: ${(error as Error).message}`)
    stage.say(String((error as Error).stack))
    await revive(stage.cluster)
  }
  try {
    return await stage.conclude()
  } catch (error) {
    stage.claim(false, `cannot be counted: ${(error as Error).message}`)
    return { name, failure: stage.broken().join('; ') }
  }
}

/** Brings back the Postgres that a scenario left frozen, ended or of another mind. */
async function revive(cluster: TestCluster): Promise<void> {
  thaw(cluster.pid())
  await cluster.stop('SIGINT')
  await cluster.restart()
}

function hash(text: string): number {
  let value = 0
  for (const character of text) value = (Math.imul(value, 31) + character.charCodeAt(0)) | 0
  return value
}

function log(line: string): void {
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1).padStart(7)
  process.stderr.write(`${seconds} s  ${line}\n`)
}
