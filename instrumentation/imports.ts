import * as nodeModule from 'node:module'
import { pathToFileURL } from 'node:url'

/**
 * Lets `import` statements of ESM applications be instrumented, for the named modules only: wrapping every module is
 * slow and breaks some (open-telemetry/opentelemetry-js#6984).
 */
export function hookImports(moduleNames: readonly string[]): void {
  const include = [...moduleNames]
  const hooks = synchronousHooks()
  if (hooks !== undefined) {
    hooks.register({ include })
    return
  }
  // The hook runs on a thread of its own, on which preloads run again.
  nodeModule.register('import-in-the-middle/hook.mjs', pathToFileURL(__filename), {
    data: { include },
  })
}

interface SynchronousHooks {
  supportsSyncHooks(): boolean
  register(options: { include: string[] }): void
}

/** Hooks on the application's own thread, where Node has them without the fault of nodejs/node#59929. */
function synchronousHooks(): SynchronousHooks | undefined {
  if (!('registerHooks' in nodeModule)) return undefined
  const hooks = require('import-in-the-middle/register-hooks.mjs') as SynchronousHooks
  return hooks.supportsSyncHooks() ? hooks : undefined
}
