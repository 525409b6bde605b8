import type * as bunyan from '../loggers/bunyan'
import type * as pino from '../loggers/pino'
import type * as winston from '../loggers/winston'
import type { ModulePatch } from '../modules/hook'

/**
 * The files of libraries that are changed when they are loaded. Kept apart from what changes them, so that an
 * application pays for the libraries it uses. Node's own http and fetch are in `builtin.ts`.
 */
export const PATCHES: readonly ModulePatch[] = [
  {
    library: 'pino',
    package: 'pino',
    file: 'lib/tools.js',
    load: () => (require('../loggers/pino') as typeof pino).patchPino,
  },
  {
    library: 'winston',
    package: 'winston',
    file: 'lib/winston/logger.js',
    load: () => (require('../loggers/winston') as typeof winston).patchWinston,
  },
  {
    library: 'bunyan',
    package: 'bunyan',
    file: 'lib/bunyan.js',
    load: () => (require('../loggers/bunyan') as typeof bunyan).patchBunyan,
  },
]
