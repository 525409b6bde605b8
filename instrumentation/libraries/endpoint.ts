import { type Attributes, SpanKind, type SpanOptions } from '@opentelemetry/api'
import { Recent } from './recent'
import { type Dialect, readStatement, type Statement } from './statement'

/** Where calls of a client go. */
export interface Server {
  /** db.system.name */
  readonly system: string
  /** db.namespace, if it is the same for all calls. */
  readonly namespace?: string | undefined
  readonly address?: string | undefined
  readonly port?: number | undefined
  /** network.peer.address, told only where it says more than `address`. */
  readonly peer?: string | undefined
}

/** What is the same each time the same thing is asked of the same server, made once. */
export interface Plan {
  readonly name: string
  readonly options: SpanOptions
  /** Names the combination of `measured` attributes. */
  readonly key: string
  readonly measured: Attributes
}

/** A server with the plans of what was asked of it of late. */
export class Endpoint {
  readonly #server: Server
  readonly #attributes: Attributes
  readonly #parametrised = new Recent<Plan>(RECENT_STATEMENTS)
  readonly #literal = new Recent<Plan>(RECENT_STATEMENTS)

  constructor(server: Server) {
    this.#server = server
    this.#attributes = describe(server)
  }

  /** Whether its calls go to this namespace; undefined stands for any. */
  isOf(namespace: string | undefined): boolean {
    return namespace === undefined || namespace === this.#server.namespace
  }

  /** As `db.example:5432/shop`. */
  get name(): string {
    const { system, address = system, port, namespace } = this.#server
    return `${address}${port === undefined ? '' : `:${port}`}${namespace === undefined ? '' : `/${namespace}`}`
  }

  /** What there is to say of an attempt to connect. */
  get connecting(): SpanOptions {
    const { system, namespace } = this.#server
    const attributes: Attributes = { ...this.#attributes, 'db.system.name': system }
    if (namespace !== undefined) attributes['db.namespace'] = namespace
    return { kind: SpanKind.CLIENT, attributes }
  }

  /** The plan of a statement of SQL; `given` says that its values travel apart from its text. */
  statement(sql: string, dialect: Dialect, given: boolean): Plan {
    const plans = given ? this.#parametrised : this.#literal
    const known = plans.get(sql)
    if (known !== undefined) return known
    const plan = this.#planStatement(readStatement(sql, dialect, given))
    if (sql.length <= MAX_KEPT) plans.set(sql, plan)
    return plan
  }

  /** The plan of what has no SQL; `key` names it among all plans of the endpoint. */
  call(key: string, describeCall: () => Call): Plan {
    const known = this.#literal.get(key)
    if (known !== undefined) return known
    const plan = this.#plan(describeCall())
    this.#literal.set(key, plan)
    return plan
  }

  #planStatement(statement: Statement): Plan {
    const { operation, collection, procedure, summary, count, text } = statement
    const extra: Attributes = { 'db.query.summary': summary, 'db.query.text': text }
    if (procedure !== undefined) extra['db.stored_procedure.name'] = procedure
    if (count > 1) extra['db.operation.batch.size'] = count
    return this.#plan({ operation, collection, name: summary, extra })
  }

  #plan({ operation, collection, namespace, name, extra }: Call): Plan {
    const { system } = this.#server
    const place = namespace ?? this.#server.namespace
    const measured: Attributes = { 'db.system.name': system }
    if (place !== undefined) measured['db.namespace'] = place
    if (operation !== undefined) measured['db.operation.name'] = operation
    if (collection !== undefined) measured['db.collection.name'] = collection
    return {
      name: name || operation || system,
      options: {
        kind: SpanKind.CLIENT,
        attributes: { ...this.#attributes, ...measured, ...extra },
      },
      key: `${system}\0${place ?? ''}\0${operation ?? ''}\0${collection ?? ''}`,
      measured,
    }
  }
}

/** The endpoints of the clients of a library; clients of the same server share one. */
export class Endpoints<Client extends object> {
  readonly #read: (client: Client) => Server
  readonly #byServer = new Map<string, Endpoint>()
  readonly #known = new WeakMap<Client, Endpoint>()

  constructor(read: (client: Client) => Server) {
    this.#read = read
  }

  of(client: Client, namespace?: string): Endpoint {
    const known = this.#known.get(client)
    if (known !== undefined && known.isOf(namespace)) return known
    const server = this.#read(client)
    const { address, port, peer } = server
    const key = `${address}\0${port}\0${server.namespace}\0${peer}`
    let endpoint = this.#byServer.get(key)
    if (endpoint === undefined) {
      if (this.#byServer.size >= MAX_ENDPOINTS) this.#byServer.clear()
      endpoint = new Endpoint(server)
      this.#byServer.set(key, endpoint)
    }
    // Before it is connected the peer is not known yet; a socket has none.
    if (peer !== undefined || port === undefined) this.#known.set(client, endpoint)
    return endpoint
  }
}

/** More servers than this are a sign of names made up as one goes; they begin anew. */
const MAX_ENDPOINTS = 100

/** What is asked of a database, in the words of the semantic conventions. */
export interface Call {
  readonly operation: string | undefined
  readonly collection?: string | undefined
  readonly namespace?: string | undefined
  /** The name of the span. */
  readonly name: string
  readonly extra?: Attributes
}

/** Statements remembered in each half of what an endpoint keeps. */
const RECENT_STATEMENTS = 500
/** Characters of a statement above which it is read again each time. */
const MAX_KEPT = 16_384

function describe({ address, port, peer }: Server): Attributes {
  const attributes: Attributes = {}
  if (address !== undefined) attributes['server.address'] = address
  if (port !== undefined) attributes['server.port'] = port
  if (peer !== undefined && peer !== address) {
    attributes['network.peer.address'] = peer
    if (port !== undefined) attributes['network.peer.port'] = port
  }
  return attributes
}
