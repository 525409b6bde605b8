import { hookModules } from '../modules/hook'
import { complain } from '../process/complaint'
import { isLibraryEnabled } from '../process/environment'
import { BUILTINS } from './builtin'
import { PATCHES } from './patches'

/** Instruments the libraries the environment lets through, each when it is loaded. One that fails costs no other one. */
export function instrumentLibraries(env: NodeJS.ProcessEnv): void {
  for (const [library, instrument] of Object.entries(BUILTINS)) {
    if (!isLibraryEnabled(library, env)) continue
    try {
      instrument()
    } catch (error) {
      complain(`cannot instrument ${library}`, error)
    }
  }
  hookModules(PATCHES.filter(({ library }) => isLibraryEnabled(library, env)))
}
