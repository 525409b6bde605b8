import type { ModulePatch } from '../modules/hook'
import type * as ioredis from './ioredis'
import type * as mongodb from './mongodb'
import type * as mysql2 from './mysql2'
import type * as pg from './pg'
import type * as redis from './redis'

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
  {
    library: 'mysql2',
    package: 'mysql2',
    file: /^lib\/(?:base\/)?connection\.js$/,
    load: () => (require('./mysql2') as typeof mysql2).patchConnection,
  },
  {
    library: 'mysql2',
    package: 'mysql2',
    file: /^lib\/(?:base\/)?pool\.js$/,
    load: () => (require('./mysql2') as typeof mysql2).patchPool,
  },
  {
    library: 'mongodb',
    package: 'mongodb',
    file: 'lib/cmap/connection.js',
    load: () => (require('./mongodb') as typeof mongodb).patchConnection,
  },
  {
    library: 'mongodb',
    package: 'mongodb',
    file: /^lib\/(?:cmap\/connection_pool|sdam\/topology)\.js$/,
    load: () => (require('./mongodb') as typeof mongodb).patchWaiting,
  },
  {
    library: 'ioredis',
    package: 'ioredis',
    file: /^built\/(?:Redis|redis\/index)\.js$/,
    load: () => (require('./ioredis') as typeof ioredis).patchRedis,
  },
  {
    library: 'ioredis',
    package: 'ioredis',
    file: /^built\/[Pp]ipeline\.js$/,
    load: () => (require('./ioredis') as typeof ioredis).patchPipeline,
  },
  {
    library: 'ioredis',
    package: 'ioredis',
    file: 'built/cluster/index.js',
    load: () => (require('./ioredis') as typeof ioredis).patchCluster,
  },
  {
    library: 'redis',
    package: '@redis/client',
    file: 'dist/lib/client/index.js',
    load: () => (require('./redis') as typeof redis).patchClient,
  },
  {
    library: 'redis',
    package: '@node-redis/client',
    file: 'dist/lib/client/index.js',
    load: () => (require('./redis') as typeof redis).patchClient,
  },
  {
    library: 'redis',
    package: '@redis/client',
    file: 'dist/lib/client/commands-queue.js',
    load: () => (require('./redis') as typeof redis).patchQueue,
  },
  {
    library: 'redis',
    package: '@redis/client',
    file: 'dist/lib/client/socket.js',
    load: () => (require('./redis') as typeof redis).patchSocket,
  },
  {
    library: 'redis',
    package: '@node-redis/client',
    file: 'dist/lib/client/commands-queue.js',
    load: () => (require('./redis') as typeof redis).patchQueue,
  },
  {
    library: 'redis',
    package: '@node-redis/client',
    file: 'dist/lib/client/socket.js',
    load: () => (require('./redis') as typeof redis).patchSocket,
  },
]
