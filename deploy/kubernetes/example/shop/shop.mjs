import { createServer } from 'node:http'

const PRICES = { tea: 3, coffee: 4 }

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://shop')
  if (pathname === '/health') return answer(response, 200, { status: 'ok' })
  const [, , item] = /^\/(orders)\/(\w+)$/.exec(pathname) ?? []
  if (item === undefined) return answer(response, 404, { error: 'there is no such page' })
  try {
    const price = priceOf(item)
    console.log(`ordered ${item}`)
    answer(response, 201, { item, price })
  } catch (error) {
    console.error(error)
    answer(response, 500, { error: error.message })
  }
})

server.listen(Number(process.env.PORT ?? 8080))
// A container's first process ends at SIGTERM only if it says so.
process.once('SIGTERM', () => server.close())

function priceOf(item) {
  if (!Object.hasOwn(PRICES, item)) throw new Error(`cannot price ${item}: nobody sells it`)
  return PRICES[item]
}

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
