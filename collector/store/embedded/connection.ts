import { existsSync, realpathSync } from 'node:fs'
import { answers, connectionStringOf } from './database'
import { EmbeddedPostgresError } from './error'
import { clusterFolder, explainFileError, substituteFor } from './place'
import { findPostmaster } from './postmaster'

/**
 * The connection string of the embedded server that a collector runs on `dataDir` now. Throws EmbeddedPostgresError when
 * none runs or this user may not use it.
 */
export async function readEmbeddedConnection(dataDir: string): Promise<string> {
  const candidates = [existsSync(dataDir) ? realpathSync(dataDir) : dataDir, substituteFor(dataDir)]
  for (const folder of candidates.map(clusterFolder)) {
    try {
      const postmaster = findPostmaster(folder)
      if (postmaster === null) continue
      if (await answers(folder, postmaster.port)) return connectionStringOf(folder, postmaster.port)
      throw new EmbeddedPostgresError(
        `cannot connect to the embedded Postgres on ${folder}: it is starting or stopping; try again`,
      )
    } catch (error) {
      throw explainFileError(error, folder)
    }
  }
  throw new EmbeddedPostgresError(
    `cannot find a running embedded Postgres for ${dataDir}: start the collector on it first (npm start), or set SIDELIGHT_DATA_DIR or DATABASE_URL as it does`,
  )
}
