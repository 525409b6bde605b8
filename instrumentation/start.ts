import type { Pipeline } from './delivery/contract'
import { saveAtEnd } from './delivery/ending'
import type * as bridge from './full/bridge'
import type * as full from './full/sdk'
import { startLean } from './lean'
import { instrumentLibraries } from './libraries/instrument'
import { type Application, entryFile, findApplication } from './process/application'
import { complain, report } from './process/complaint'
import { chooseAssembly } from './process/environment'
import { describeProcess } from './process/resource'

/** Starts what the `OTEL_*` variables ask for. Throws when it cannot be put together. */
export function start(env: NodeJS.ProcessEnv): void {
  const assembly = chooseAssembly(env)
  if (assembly.kind === 'none') return
  const application = findApplication(entryFile(), process.cwd())
  const pipeline =
    assembly.kind === 'full'
      ? startFull(application, env, assembly.because)
      : startLean(application, env)
  instrumentLibraries(env)
  saveAtEnd(pipeline)
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
