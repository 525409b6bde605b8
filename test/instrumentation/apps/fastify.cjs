const fastify = require('fastify')

const app = fastify()
app.addHook('onRequest', async () => {})
app.get('/orders/:id', async (request) => {
  if (request.params.id === 'bad') throw new Error('no such order')
  return { id: request.params.id }
})

app.listen({ port: 0, host: '127.0.0.1' }).then(async (address) => {
  for (const id of ['7', 'bad']) console.log(await (await fetch(`${address}/orders/${id}`)).text())
  await app.close()
})
