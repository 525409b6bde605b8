import type { SecureContextOptions, Server, TlsOptions } from 'node:tls'

/** What the doors show of themselves, and whose certificates they accept from clients; all of it PEM. */
export interface Certificates {
  readonly cert: Buffer
  readonly key: Buffer
  /** Null when clients need no certificate. */
  readonly clientCa: Buffer | null
}

/** The TLS of all doors together, which is renewed while they are open. */
export class DoorTls {
  readonly options: TlsOptions
  readonly #servers: Server[] = []

  /** `handshakeTimeoutMs` is how long a client may take until it is secure. */
  constructor(certificates: Certificates, handshakeTimeoutMs: number) {
    const needsClients = certificates.clientCa !== null
    this.options = {
      ...contextOf(certificates),
      handshakeTimeout: handshakeTimeoutMs,
      requestCert: needsClients,
      rejectUnauthorized: needsClients,
    }
  }

  /** Renews what was made with `options`; returns it. */
  follow<T extends Server>(server: T): T {
    this.#servers.push(server)
    return server
  }

  /** For connections to come; those that are open stay as they are. */
  renew(certificates: Certificates): void {
    for (const server of this.#servers) server.setSecureContext(contextOf(certificates))
  }
}

function contextOf({ cert, key, clientCa }: Certificates): SecureContextOptions {
  return { cert, key, ...(clientCa === null ? {} : { ca: clientCa }) }
}
