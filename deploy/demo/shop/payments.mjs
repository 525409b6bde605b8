// Charges cards. The last digits of a card say what becomes of it, as with the test cards of a payment provider.
import { setTimeout as wait } from 'node:timers/promises'
import fastify from 'fastify'
import { CardNetwork } from './card-network.mjs'

const { PORT = '0', EXHAUSTED_AFTER_MS = 'Infinity' } = process.env

const app = fastify()
let network

app.post('/charges', async function chargeCard(request, reply) {
  const { order, amount, card } = request.body
  const isCharged = network.charge(card)
  if (card.endsWith('0341')) await wait(700 + (amount % 800))
  if (!isCharged) return reply.code(402).send({ error: 'the card was declined' })
  return { order, amount, charged: true }
})

const url = await app.listen({ port: Number(PORT), host: '127.0.0.1' })
network = new CardNetwork(Number(EXHAUSTED_AFTER_MS))
console.log(`payments listening on ${url}`)
