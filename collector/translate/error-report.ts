import type { AttributeTable } from './attribute-table'
import { firstOf, names } from './error-occurrence'
import type { ErrorPlace } from './error-sighting'
import type { ErrorReport } from './fingerprint/fingerprint'
import type { TranslatorOptions } from './translator'

/** What an item itself says for a report. */
export interface ReportText {
  readonly kind: ErrorReport['kind']
  readonly type: string
  readonly message: string
  readonly stack: string
  readonly code: string | null
  readonly template: string
  readonly severity: number
  readonly failure: readonly string[]
  /** Whether `server.address` and the like are of whom was called, not of who was. */
  readonly isOutgoing: boolean
}

const CODE = names('exception.code', 'error.code', 'db.response.status_code')
const HOST = names('server.address', 'net.peer.name', 'network.peer.address')
const PORT = names('server.port', 'net.peer.port', 'network.peer.port')
const SERVICE = names('peer.service', 'rpc.service', 'db.namespace', 'db.system.name', 'db.system')
const LONGEST_ID_BYTES = 256

/** Makes reports of what items say. */
export class Reports {
  readonly #fingerprintAttributes: readonly Buffer[]
  readonly #userAttributes: readonly Buffer[]

  constructor({ errorFingerprintAttributes = [], errorUserAttributes = [] }: TranslatorOptions) {
    this.#fingerprintAttributes = names(...errorFingerprintAttributes)
    this.#userAttributes = names(...errorUserAttributes)
  }

  /** `tables` are the attributes, the most important last. */
  report(place: ErrorPlace, tables: readonly AttributeTable[], text: ReportText): ErrorReport {
    const { service, operation, ownResource } = place
    const [tenant, , namespace, name] = service.names
    const [, , module, , operationName] = operation.row.values
    return {
      kind: text.kind,
      tenant,
      namespace,
      service: name,
      module: module ?? '',
      operation: operationName ?? '',
      type: text.type,
      message: text.message,
      stack: text.stack,
      code: text.code ?? firstOf(tables, CODE, LONGEST_ID_BYTES),
      peer: text.isOutgoing ? peerOf(tables) : null,
      root: ownResource.root,
      template: text.template,
      severity: text.severity,
      failure: text.failure,
      explicit: firstOf(tables, this.#fingerprintAttributes),
      attribute: (wanted) => firstOf(tables, names(wanted)),
    }
  }

  /** The user it affects. */
  userOf(tables: readonly AttributeTable[]): string | null {
    return firstOf(tables, this.#userAttributes, LONGEST_ID_BYTES)
  }
}

/** Whether something says that nothing caught it. `exception.mechanism` is as of the handlers of Node.js and of Sentry. */
export function isUnhandled(tables: readonly AttributeTable[]): boolean {
  if (firstOf(tables, HANDLED) === 'false') return true
  return UNHANDLED.test(firstOf(tables, MECHANISM) ?? '')
}

/** Whether whoever tells of it says that it was caught, however bad it is. */
export function isToldHandled(tables: readonly AttributeTable[]): boolean {
  return firstOf(tables, HANDLED) === 'true'
}

const HANDLED = names('exception.handled', 'error.handled')
const MECHANISM = names('exception.mechanism', 'exception.mechanism.type')
const UNHANDLED = /uncaught|unhandled/i

function peerOf(tables: readonly AttributeTable[]): string | null {
  const host = firstOf(tables, HOST, LONGEST_ID_BYTES)
  if (host === null) return firstOf(tables, SERVICE, LONGEST_ID_BYTES)
  const port = firstOf(tables, PORT, LONGEST_ID_BYTES)
  return port === null ? host : `${host}:${port}`
}
