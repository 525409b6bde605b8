/** A server of the kind named: `node server.cjs http|express|fastify`. Says its port, start-up time and memory when it listens. */
'use strict'
const { performance } = require('node:perf_hooks')

const HELLO = { hello: 'world' }

/** Each returns something with `listen(port, host, callback)` and calls back with the port. */
const SERVERS = {
  http(listening) {
    const { createServer } = require('node:http')
    const server = createServer((request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(HELLO))
    })
    server.listen(0, '127.0.0.1', () => listening(server.address().port))
  },
  express(listening) {
    const express = require('express')
    const app = express()
    app.use(express.json())
    app.get('/users/:id', (request, response) => response.json(HELLO))
    const server = app.listen(0, '127.0.0.1', () => listening(server.address().port))
  },
  fastify(listening) {
    const { fastify } = require('fastify')
    const { Pool } = require('pg')
    const pool = new Pool({ connectionString: process.env.BENCH_DATABASE_URL, max: 4 })
    const app = fastify()
    app.get('/users/:id', async (request) => {
      const { rows } = await pool.query('select $1::text as name', [request.params.id])
      return rows[0]
    })
    app.listen({ port: 0, host: '127.0.0.1' }).then(() => listening(app.server.address().port))
  },
}

SERVERS[process.argv[2]]((port) => {
  const startMs = performance.now()
  const rssBytes = process.memoryUsage().rss
  const { user, system } = process.cpuUsage()
  console.log(
    'bench ' + JSON.stringify({ port, startMs, rssBytes, startCpuMs: (user + system) / 1000 }),
  )
})
