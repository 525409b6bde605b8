import express from 'express'

const app = express()
app.get('/orders/:id', (request, response) => response.json({ id: request.params.id }))
const server = app.listen(0, '127.0.0.1', async () => {
  const answer = await fetch(`http://127.0.0.1:${server.address().port}/orders/7`)
  console.log(await answer.text())
  server.close()
})
