// Charges cards. The last digits of a card say what becomes of it, as with the test cards of a payment provider.
import { setTimeout as wait } from 'node:timers/promises'
import fastify from 'fastify'

// A release that does not give connections to the card network back has none left after so long.
const { PORT = '0', EXHAUSTED_AFTER_MS = 'Infinity' } = process.env

const app = fastify()
let openedAt
let missing = 0

app.post('/charges', async (request, reply) => {
  const { order, amount, card } = request.body
  if (card.endsWith('0119')) throw new Error('the card network does not answer')
  if (!hasConnection()) throw new Error('no connection to the card network is free')
  if (card.endsWith('0341')) await wait(700 + (amount % 800))
  if (card.endsWith('0002')) return reply.code(402).send({ error: 'the card was declined' })
  return { order, amount, charged: true }
})

function hasConnection() {
  missing += Math.min(1, (performance.now() - openedAt) / Number(EXHAUSTED_AFTER_MS))
  if (missing < 1) return true
  missing -= 1
  return false
}

const url = await app.listen({ port: Number(PORT), host: '127.0.0.1' })
openedAt = performance.now()
console.log(`payments listening on ${url}`)
