import { createServer } from 'node:http'
import { Redis } from 'ioredis'

const redis = new Redis(process.env.APP_REDIS_URL)
const server = createServer(async (request, response) => {
  response.end(await redis.get('price'))
})
server.listen(0, '127.0.0.1', async () => {
  console.log(await (await fetch(`http://127.0.0.1:${server.address().port}/price`)).text())
  server.close()
  redis.disconnect()
})
