// Preloaded into the services of the demo: ends them when whoever started them is gone, however it went.
const { isMainThread } = require('node:worker_threads')

// Preloads run on the thread of the ESM loader as well, where stdin has always ended.
if (isMainThread) {
  const end = () => process.kill(process.pid, 'SIGTERM')
  process.stdin.on('end', end).on('error', end).resume()
  process.stdin.unref?.()
}
