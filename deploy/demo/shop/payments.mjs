// Charges cards. The last digits of a card say what becomes of it, as with the test cards of a payment provider.
import { setTimeout as wait } from 'node:timers/promises'
import fastify from 'fastify'

const { PORT = '0' } = process.env

const app = fastify()

app.post('/charges', async (request, reply) => {
  const { order, amount, card } = request.body
  if (card.endsWith('0119')) throw new Error('the card network does not answer')
  if (card.endsWith('0341')) await wait(700 + (amount % 800))
  if (card.endsWith('0002')) return reply.code(402).send({ error: 'the card was declined' })
  return { order, amount, charged: true }
})

console.log(`payments listening on ${await app.listen({ port: Number(PORT), host: '127.0.0.1' })}`)
