// A server of node:http and a client of it; prints its answer and ends by itself.
const http = require('node:http')

const server = http.createServer((request, response) => {
  response.end(`hello from ${request.url}`)
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address()
  http.get({ port, path: '/greeting', agent: false }, (response) => {
    response.setEncoding('utf8').on('data', (text) => console.log(text))
    response.on('end', () => server.close())
  })
})
