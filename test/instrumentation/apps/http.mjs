// As http.cjs, in an ES module with named imports.
import { createServer, get } from 'node:http'

const server = createServer((request, response) => {
  response.end(`hello from ${request.url}`)
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address()
  get({ port, path: '/greeting', agent: false }, (response) => {
    response.setEncoding('utf8').on('data', (text) => console.log(text))
    response.on('end', () => server.close())
  })
})
