/** Takes whatever is sent, in a process of its own; says its port, and how many requests it took when asked. */
'use strict'
const { createServer } = require('node:http')

let taken = 0
const server = createServer((request, response) => {
  if (request.method === 'GET') return response.end(String(taken))
  taken++
  request.resume()
  request.on('end', () =>
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(),
  )
})
server.listen(0, '127.0.0.1', () =>
  console.log('bench ' + JSON.stringify({ port: server.address().port })),
)
