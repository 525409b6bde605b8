/**
 * What `node --require sidelight/bootstrap app.js` (or `--import`) loads: sends the application's traces, metrics and logs to a collector.
 * It never throws into, blocks or exits the application; what goes wrong is one line on stderr.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { complain } from './process/complaint'
import type * as starting from './start'

const STARTED = Symbol.for('sidelight.bootstrap')

try {
  if (process.env['OTEL_SDK_DISABLED'] !== 'true' && belongsToApplication() && claimThread()) {
    // Loaded only here, so that a thread which is not the application's, or a broken installation, costs nothing more.
    const { start } = require('./start') as typeof starting
    start(process.env)
  }
} catch (error) {
  complain('cannot instrument this process', error)
}

/**
 * A preload runs again on the thread of the ESM loader (neither main nor with a parent port), and on the worker threads
 * of thread-stream, where pino and its transports write log lines: those have nothing to trace. All versions of
 * thread-stream tell their thread which buffers it shares.
 */
function belongsToApplication(): boolean {
  if (isMainThread) return true
  if (parentPort === null) return false
  const data = workerData as { dataBuf?: unknown; stateBuf?: unknown } | null
  return !(data?.dataBuf instanceof SharedArrayBuffer && data.stateBuf instanceof SharedArrayBuffer)
}

/** False when the bootstrap was loaded before, by a second flag or from a second copy of the package. */
function claimThread(): boolean {
  const threadGlobals = globalThis as { [STARTED]?: boolean }
  if (threadGlobals[STARTED] === true) return false
  threadGlobals[STARTED] = true
  return true
}
