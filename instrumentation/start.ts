import type { Pipeline } from './delivery/contract'
import { saveAtEnd } from './delivery/ending'
import { recordUncaught } from './errors/uncaught'
import type * as full from './full/sdk'
import { startLean } from './lean'
import { instrumentLibraries } from './libraries/instrument'
import { complain } from './process/complaint'
import { admitNewerApis } from './process/api'
import { type Application, entryFile, findApplication } from './process/application'
import { chooseAssembly } from './process/environment'
import { findRival } from './process/rival'
import { describeProcess } from './process/resource'

/** Starts what the `OTEL_*` variables ask for. Throws when it cannot be put together. */
export function start(env: NodeJS.ProcessEnv): void {
  const assembly = chooseAssembly(env)
  if (assembly === 'none') return
  const rival = findRival(process.execArgv, env['NODE_OPTIONS'] ?? '')
  if (rival !== undefined) {
    complain(`leaves this process to ${rival}, which is set up here as well`)
    return
  }
  const application = findApplication(entryFile(), process.cwd())
  const pipeline = assembly === 'full' ? startFull(application, env) : startLean(application, env)
  admitNewerApis(application.folder)
  instrumentLibraries(application, env)
  recordUncaught()
  saveAtEnd(pipeline)
}

/** Apart from the bundle, with the SDK's packages as they are installed. */
function startFull(application: Application, env: NodeJS.ProcessEnv): Pipeline {
  const { startFullSdk } = require('./full/sdk') as typeof full
  const flush = startFullSdk({ resource: describeProcess(application), env })
  return { flush, save: () => undefined }
}
