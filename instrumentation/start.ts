import type { Pipeline } from './delivery/contract'
import { saveAtEnd } from './delivery/ending'
import { recordUncaught } from './errors/uncaught'
import type * as bridge from './full/bridge'
import type * as full from './full/sdk'
import { startLean } from './lean'
import { instrumentLibraries } from './libraries/instrument'
import { admitNewerApis } from './process/api'
import { type Application, entryFile, findApplication } from './process/application'
import { complain, report } from './process/complaint'
import { chooseAssembly } from './process/environment'
import { findRival } from './process/rival'
import { describeProcess } from './process/resource'

/** Starts what the `OTEL_*` variables ask for. Throws when it cannot be put together. */
export function start(env: NodeJS.ProcessEnv): void {
  const assembly = chooseAssembly(env)
  if (assembly.kind === 'none') return
  const rival = findRival(process.execArgv, env['NODE_OPTIONS'] ?? '')
  if (rival !== undefined) {
    complain(`leaves this process to ${rival}, which is set up here as well`)
    return
  }
  const application = findApplication(entryFile(), workingDirectory())
  const pipeline =
    assembly.kind === 'full'
      ? startFull(application, env, assembly.because)
      : startLean(application, env)
  admitNewerApis(application.folder)
  instrumentLibraries(application, env)
  recordUncaught()
  saveAtEnd(pipeline)
}

/** The root when the folder the process was started in is gone. */
function workingDirectory(): string {
  try {
    return process.cwd()
  } catch {
    return '/'
  }
}

/**
 * Apart from the bundle, with the SDK's packages as they are installed. Where they are not, or refuse what the environment
 * says, what the lean assembly has is better than nothing.
 */
function startFull(application: Application, env: NodeJS.ProcessEnv, because: string): Pipeline {
  try {
    const { startFullSdk } = require('./full/sdk') as typeof full
    const flush = startFullSdk({ resource: describeProcess(application, env), env })
    const { connectInstrumentations } = require('./full/bridge') as typeof bridge
    connectInstrumentations(env)
    report(`${because}: handed over to @opentelemetry/sdk-node`)
    return { flush, save: () => undefined }
  } catch (error) {
    complain(
      `${because}: cannot hand over to @opentelemetry/sdk-node, OTLP over HTTP is used`,
      error,
    )
    return startLean(application, env)
  }
}
