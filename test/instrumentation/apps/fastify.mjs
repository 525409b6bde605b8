import fastify from 'fastify'

const app = fastify()
app.get('/orders/:id', async (request) => ({ id: request.params.id }))

const address = await app.listen({ port: 0, host: '127.0.0.1' })
console.log(await (await fetch(`${address}/orders/7`)).text())
await app.close()
