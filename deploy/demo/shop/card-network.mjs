// The way to the card network: a few connections, each given back once a card is charged.
import { PLANTED } from './planted.cjs'

/** The network did not answer for this card. */
export class CardNetworkError extends Error {
  name = 'CardNetworkError'
  apiToken = PLANTED.property
}

/** Every connection is in use. */
export class ConnectionsExhaustedError extends Error {
  name = 'ConnectionsExhaustedError'
  code = 'ERR_CONNECTIONS_EXHAUSTED'
}

/** A release that does not give all connections back has none left `exhaustedAfterMs` after it began. */
export class CardNetwork {
  #openedAt = performance.now()
  #exhaustedAfterMs
  #missing = 0

  constructor(exhaustedAfterMs) {
    this.#exhaustedAfterMs = exhaustedAfterMs
  }

  charge(card) {
    this.#connect()
    if (card.endsWith('0119')) {
      const cause = new Error(
        `GET https://cards.example/v2?access_token=${PLANTED.cause} timed out`,
      )
      throw new CardNetworkError('the card network does not answer', { cause })
    }
    return !card.endsWith('0002')
  }

  #connect() {
    this.#missing += Math.min(1, (performance.now() - this.#openedAt) / this.#exhaustedAfterMs)
    if (this.#missing < 1) return
    this.#missing -= 1
    throw new ConnectionsExhaustedError('no connection to the card network is free')
  }
}
