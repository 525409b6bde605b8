import { metrics, type ObservableResult } from '@opentelemetry/api'

/** How a pool of connections is used at the moment. */
export interface PoolUse {
  readonly idle: number
  readonly used: number
  readonly waiting: number
  readonly max: number
}

/** Tells how the pools of a library are used, each time metrics are collected. Keeps no pool. */
export class PoolWatch<Pool extends object> {
  readonly #scope: string
  readonly #read: (pool: Pool) => PoolUse
  readonly #nameOf: (pool: Pool) => string
  readonly #pools = new Set<WeakRef<Pool>>()
  readonly #seen = new WeakSet<Pool>()
  #watches = false

  constructor(
    scope: string,
    read: (pool: Pool) => PoolUse,
    /** db.client.connection.pool.name; of pools with the same name the numbers are added up. */
    nameOf: (pool: Pool) => string,
  ) {
    this.#scope = scope
    this.#read = read
    this.#nameOf = nameOf
  }

  add(pool: Pool): void {
    if (this.#seen.has(pool)) return
    this.#seen.add(pool)
    this.#pools.add(new WeakRef(pool))
    if (this.#watches) return
    this.#watches = true
    this.#observe()
  }

  #observe(): void {
    const meter = metrics.getMeter(this.#scope)
    const count = meter.createObservableUpDownCounter('db.client.connection.count', {
      unit: '{connection}',
      description: 'Connections of the pool by their state.',
    })
    const max = meter.createObservableUpDownCounter('db.client.connection.max', {
      unit: '{connection}',
      description: 'Connections the pool may open.',
    })
    const pending = meter.createObservableUpDownCounter('db.client.connection.pending_requests', {
      unit: '{request}',
      description: 'Requests that wait for a connection of the pool.',
    })
    meter.addBatchObservableCallback(
      (result) => {
        for (const [name, use] of this.#uses()) {
          const pool = { 'db.client.connection.pool.name': name }
          observe(result, count, use.idle, { ...pool, 'db.client.connection.state': 'idle' })
          observe(result, count, use.used, { ...pool, 'db.client.connection.state': 'used' })
          observe(result, max, use.max, pool)
          observe(result, pending, use.waiting, pool)
        }
      },
      [count, max, pending],
    )
  }

  #uses(): Map<string, PoolUse> {
    const uses = new Map<string, PoolUse>()
    for (const reference of this.#pools) {
      const pool = reference.deref()
      if (pool === undefined) {
        this.#pools.delete(reference)
        continue
      }
      const name = this.#nameOf(pool)
      const use = this.#read(pool)
      const other = uses.get(name)
      uses.set(name, other === undefined ? use : sum(use, other))
    }
    return uses
  }
}

type Observed = Parameters<ObservableResult['observe']>

function observe(
  result: { observe(metric: never, ...observed: Observed): void },
  metric: unknown,
  ...observed: Observed
): void {
  result.observe(metric as never, ...observed)
}

function sum(one: PoolUse, other: PoolUse): PoolUse {
  return {
    idle: one.idle + other.idle,
    used: one.used + other.used,
    waiting: one.waiting + other.waiting,
    max: one.max + other.max,
  }
}
