// The request is made on a worker thread.
const { Worker, isMainThread, workerData } = require('node:worker_threads')
const http = require('node:http')

if (isMainThread) {
  const server = http.createServer((_, response) => response.end('worked'))
  server.listen(0, '127.0.0.1', () => {
    const worker = new Worker(__filename, { workerData: { port: server.address().port } })
    worker.on('exit', (code) => {
      console.log(`worker ended with ${code}`)
      server.close()
    })
  })
} else {
  fetch(`http://127.0.0.1:${workerData.port}/from-worker`).then(async (answer) =>
    console.log(await answer.text()),
  )
}
