import type * as bunyan from '../loggers/bunyan'
import type * as pino from '../loggers/pino'
import type * as winston from '../loggers/winston'
import type { ModulePatch } from '../modules/hook'
import type * as amqplib from './amqplib'
import type * as express from './express'
import type * as graphql from './graphql'
import type * as grpc from './grpc'
import type * as hapi from './hapi'
import type * as koa from './koa'
import type * as nest from './nest'
import type * as next from './next'
import type * as ioredis from './ioredis'
import type * as kafkajs from './kafkajs'
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
    library: 'express',
    package: 'express',
    file: 'lib/router/layer.js',
    load: () => (require('./express') as typeof express).patchLayer,
  },
  {
    library: 'express',
    package: 'express',
    file: 'lib/router/index.js',
    load: () => (require('./express') as typeof express).patchRouter,
  },
  {
    library: 'express',
    package: 'router',
    file: 'lib/layer.js',
    load: () => (require('./express') as typeof express).patchLayer,
  },
  {
    library: 'express',
    package: 'router',
    file: 'index.js',
    load: () => (require('./express') as typeof express).patchRouter,
  },
  {
    library: 'koa',
    package: 'koa',
    file: 'lib/context.js',
    load: () => (require('./koa') as typeof koa).patchContext,
  },
  {
    library: 'koa',
    package: 'koa',
    file: 'lib/application.js',
    load: () => (require('./koa') as typeof koa).patchApplication,
  },
  {
    library: 'koa',
    package: 'koa-compose',
    file: 'index.js',
    load: () => (require('./koa') as typeof koa).patchCompose,
  },
  {
    library: 'hapi',
    package: '@hapi/hapi',
    file: 'lib/request.js',
    load: () => (require('./hapi') as typeof hapi).patchRequest,
  },
  {
    library: 'nestjs-core',
    package: '@nestjs/core',
    file: 'exceptions/exceptions-handler.js',
    load: () => (require('./nest') as typeof nest).patchExceptions,
  },
  {
    library: 'next',
    package: 'next',
    file: /^dist\/server\/(base|next)-server\.js$/,
    load: () => (require('./next') as typeof next).patchServer,
  },
  {
    library: 'next',
    package: 'next',
    file: 'dist/server/lib/trace/tracer.js',
    load: () => (require('./next') as typeof next).patchTracer,
  },
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
  {
    library: 'kafkajs',
    package: 'kafkajs',
    file: 'src/producer/messageProducer.js',
    load: () => (require('./kafkajs') as typeof kafkajs).patchMessageProducer,
  },
  {
    library: 'kafkajs',
    package: 'kafkajs',
    file: 'src/consumer/runner.js',
    load: () => (require('./kafkajs') as typeof kafkajs).patchRunner,
  },
  {
    library: 'amqplib',
    package: 'amqplib',
    file: 'lib/channel.js',
    load: () => (require('./amqplib') as typeof amqplib).patchBaseChannel,
  },
  {
    library: 'amqplib',
    package: 'amqplib',
    file: /^lib\/(?:channel|callback)_model\.js$/,
    load: () => (require('./amqplib') as typeof amqplib).patchModel,
  },
  {
    library: 'graphql',
    package: 'graphql',
    file: /^execution\/execute\.m?js$/,
    esm: ['execute', 'executeSync'],
    load: () => (require('./graphql') as typeof graphql).patchExecute,
  },
  {
    library: 'graphql',
    package: 'graphql',
    file: /^(?:execution|subscription)\/subscribe\.m?js$/,
    esm: ['subscribe'],
    load: () => (require('./graphql') as typeof graphql).patchSubscribe,
  },
  {
    library: 'grpc',
    package: '@grpc/grpc-js',
    file: 'build/src/client-interceptors.js',
    load: () => (require('./grpc') as typeof grpc).patchClient,
  },
  {
    library: 'grpc',
    package: '@grpc/grpc-js',
    file: 'build/src/server.js',
    load: () => (require('./grpc') as typeof grpc).patchServer,
  },
]
