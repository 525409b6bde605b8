import { hookEsModules } from '../modules/esm'
import { hookModules } from '../modules/hook'
import { NEWER_API } from '../process/api'
import type { Application } from '../process/application'
import { complain } from '../process/complaint'
import { isLibraryEnabled } from '../process/environment'
import { BUILTINS } from './builtin'
import { PATCHES } from './patches'

/** Instruments the libraries the environment lets through, each when it is loaded. One that fails costs no other one. */
export function instrumentLibraries(application: Application, env: NodeJS.ProcessEnv): void {
  for (const [library, instrument] of Object.entries(BUILTINS)) {
    if (!isLibraryEnabled(library, env)) continue
    try {
      instrument()
    } catch (error) {
      complain(`cannot instrument ${library}`, error)
    }
  }
  const patches = PATCHES.filter(({ library }) => isLibraryEnabled(library, env))
  hookModules([NEWER_API, ...patches])
  try {
    hookEsModules(patches, application)
  } catch (error) {
    complain('cannot instrument ES modules', error)
  }
}
