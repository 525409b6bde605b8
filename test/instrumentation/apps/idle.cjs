// Serves until a signal ends it; handles SIGTERM itself when told to.
const http = require('node:http')

const server = http.createServer((request, response) => response.end('ok'))
server.listen(0, '127.0.0.1', async () => {
  await (await fetch(`http://127.0.0.1:${server.address().port}/once`)).text()
  console.log('serving')
})
if (process.argv[2] === 'graceful') {
  process.on('SIGTERM', () => {
    console.log('draining')
    server.close(() => setTimeout(() => process.exit(0), 1000))
  })
}
