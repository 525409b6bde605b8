import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Logger } from 'pino'
import { chooseAccount, nameOf } from './account'
import { locateBinaries, reachableBinaries } from './binaries'
import { type Cluster, createCluster, findFreePort } from './cluster'
import { prepareDatabase } from './database'
import { EmbeddedPostgresError } from './error'
import { boundLog } from './logfile'
import { claimFolder } from '../../owner'
import { clusterFolder, explainFileError, settleDataFolder } from './place'
import { awaitAnswer, endPostmaster, findPostmaster } from './postmaster'
import { type Postmaster, startPostmaster } from './postmaster'
import { type EmbeddedPostgres, logFileOf, type StartedServer, Supervisor } from './supervisor'

export type { EmbeddedPostgres } from './supervisor'

export interface EmbeddedPostgresOptions {
  readonly dataDir: string
  /** Somebody chose `dataDir`: an unreachable one is an error. Otherwise another folder is used and logged. */
  readonly explicitDataDir: boolean
  /** Data is refused (see `refusal`) while the database is larger. */
  readonly maxSizeBytes: number
  readonly log: Logger
  /** Gives up a start under way, and ends what it had started. */
  readonly signal?: AbortSignal
}

/**
 * Starts Postgres on the data folder, making its database first when there is none, or adopts the one that runs there.
 * A server that ends by itself is started again, on the same port. Throws EmbeddedPostgresError or
 * FolderInUse, saying what to do, when it cannot be used.
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const account = chooseAccount()
  const { log } = options
  const dataDir = settleDataFolder(options.dataDir, options.explicitDataDir, account, log)
  const signal = options.signal ?? new AbortController().signal
  try {
    const release = await claimFolder(dataDir, signal)
    try {
      const cluster = { binaries: locateBinaries(), account, folder: clusterFolder(dataDir) }
      const server = await startServer(cluster, log, signal)
      const restart = (port: number, during: AbortSignal) => launch(cluster, log, during, port)
      return new Supervisor(cluster, server, { ...options, restart, release })
    } catch (error) {
      release()
      throw error
    }
  } catch (error) {
    throw explainFileError(error, dataDir)
  }
}

async function startServer(
  cluster: Cluster,
  log: Logger,
  signal: AbortSignal,
): Promise<StartedServer> {
  const found = findPostmaster(cluster.folder)
  const running = found === null ? null : await awaitAnswer(cluster, found, signal)
  const adopted = running !== null
  const postmaster = running ?? (await launch(cluster, log, signal))
  try {
    const version = await prepareDatabase(cluster.folder, postmaster.port)
    log.info(
      { pid: postmaster.pid, port: postmaster.port, folder: cluster.folder, version },
      `${adopted ? 'adopted the running' : 'started'} Postgres ${version} as ${nameOf(cluster.account)}`,
    )
    return { postmaster, adopted, version }
  } catch (error) {
    await endPostmaster(postmaster)
    throw error
  }
}

/** Starts Postgres on the cluster: again, on the `port` it had, or on a free one after making the cluster if need be. */
async function launch(
  cluster: Cluster,
  log: Logger,
  signal: AbortSignal,
  port?: number,
): Promise<Postmaster> {
  if (port !== undefined && !existsSync(cluster.folder)) {
    throw new EmbeddedPostgresError(`cannot start Postgres again: ${cluster.folder} is gone`)
  }
  const dataDir = dirname(cluster.folder)
  const binaries = reachableBinaries(cluster.binaries, cluster.account, dataDir)
  const runnable = { ...cluster, binaries }
  removePartialClusters(cluster.folder)
  if (!existsSync(cluster.folder)) {
    log.info({ folder: cluster.folder }, `making a database in ${cluster.folder}`)
    await createCluster(runnable, { signal })
  }
  checkMajor(runnable)
  const logFile = logFileOf(cluster)
  boundLog(logFile)
  return startPostmaster(runnable, port ?? (await findFreePort()), logFile, signal)
}

/** What an end in the middle of making a cluster left; nobody else works here, since the folder is claimed. */
function removePartialClusters(folder: string): void {
  const dataDir = dirname(folder)
  for (const name of readdirSync(dataDir)) {
    if (!name.startsWith(`${basename(folder)}.partial-`)) continue
    rmSync(join(dataDir, name), { recursive: true, force: true, maxRetries: 5 })
  }
}

function checkMajor({ folder, binaries }: Cluster): void {
  const file = join(folder, 'PG_VERSION')
  if (!existsSync(file)) {
    throw new EmbeddedPostgresError(
      `cannot use ${folder}: it holds no Postgres database; move it away, or set SIDELIGHT_DATA_DIR to another folder`,
    )
  }
  const major = Number.parseInt(readFileSync(file, 'utf8'), 10)
  if (major === binaries.major) return
  throw new EmbeddedPostgresError(
    `cannot use ${folder}: its data was made by Postgres ${major}, and this is Postgres ${binaries.major}; go on with the Sidelight that made it, or move its data by pg_dump ${major} into a Postgres you run and set DATABASE_URL, or move the folder away to begin anew`,
  )
}
