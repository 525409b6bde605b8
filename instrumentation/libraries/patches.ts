import type { ModulePatch } from '../modules/hook'
import type * as pg from './pg'

/**
 * The files of libraries that are changed when they are loaded. Kept apart from what changes them, so that an
 * application pays for the libraries it uses. Node's own http and fetch are in `builtin.ts`.
 */
export const PATCHES: readonly ModulePatch[] = [
  {
    library: 'pg',
    package: 'pg',
    file: 'lib/query.js',
    load: () => (require('./pg') as typeof pg).patchQuery,
  },
  {
    library: 'pg',
    package: 'pg',
    file: 'lib/client.js',
    load: () => (require('./pg') as typeof pg).patchClient,
  },
  {
    library: 'pg',
    package: 'pg-pool',
    file: 'index.js',
    load: () => (require('./pg') as typeof pg).patchPool,
  },
]
