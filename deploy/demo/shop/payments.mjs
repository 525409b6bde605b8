// Charges cards. The last digits of a card say what becomes of it, as with the test cards of a payment provider.
import { setTimeout as wait } from 'node:timers/promises'
import fastify from 'fastify'
import { CardNetwork } from './card-network.mjs'
import { PLANTED } from './planted.cjs'
import sidelight from './sidelight.cjs'

const { createModuleLogger, fastifyCorrelation, logConfigurationChange, logError } = sidelight
const { trackErrorFromException, trackExternalApiCall } = sidelight
const { PORT = '0', EXHAUSTED_AFTER_MS = 'Infinity' } = process.env

const log = createModuleLogger('payments').child({ network: 'cards', apiToken: PLANTED.binding })
const app = fastify()
let network

app.register(fastifyCorrelation)
app.setErrorHandler((error, request, reply) => {
  reply.code(error.statusCode ?? 500).send({ error: 'the card could not be charged' })
})

app.post('/charges', async function chargeCard(request, reply) {
  const { order, amount, card } = request.body
  const isCharged = await charge(order, card)
  if (card.endsWith('0341')) await wait(700 + (amount % 800))
  if (!isCharged) return reply.code(402).send({ error: 'the card was declined' })
  log.info({ order, amount }, 'a card is charged')
  return { order, amount, charged: true }
})

/** A failure is told of by span, logger and helper, and counts once. */
async function charge(order, card) {
  try {
    return await trackExternalApiCall('card-network', '/v2/charges', () => network.charge(card))
  } catch (error) {
    logError(error, { module: 'payments', operation: 'charge card' })
    trackErrorFromException(error, 'payments', 'charge card', { order })
    throw error
  }
}

const url = await app.listen({ port: Number(PORT), host: '127.0.0.1' })
network = new CardNetwork(Number(EXHAUSTED_AFTER_MS))
logConfigurationChange({ setting: 'card_network.api_token', to: PLANTED.setting, actor: 'u-ops' })
console.log(`payments listening on ${url}`)
