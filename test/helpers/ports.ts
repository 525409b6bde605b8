import { findFreePort } from '../../collector/store/embedded/cluster'

/** As many files as may run at a time; the runner numbers them. */
const JOBS = 4
const JOB = Number(process.env['TAP_JOB_ID'] ?? 0) % JOBS

const given = new Set<number>()

/**
 * A free port as the collector finds one, given neither in this process before nor in another file that runs at the same time:
 * until something listens on it, or while what does is started again, both would find it free.
 */
export async function findPort(): Promise<number> {
  for (;;) {
    const port = await findFreePort()
    if (port % JOBS !== JOB || given.has(port)) continue
    given.add(port)
    return port
  }
}
