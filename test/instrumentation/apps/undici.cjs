const http = require('node:http')
const { request } = require('undici')

const server = http.createServer((_, response) => response.end('from undici'))
server.listen(0, '127.0.0.1', async () => {
  const { body } = await request(`http://127.0.0.1:${server.address().port}/stock`)
  console.log(await body.text())
  server.close()
})
