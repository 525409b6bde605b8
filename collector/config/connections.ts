import type { Role, Settings } from './keys'

/** How many connections each part of a collector may open; 0 where it uses those of another. */
export interface Connections {
  /** For groups of requests, the spool's among them, and for the heartbeat and the lease. */
  readonly ingest: number
  /** For questions; without `ingest` also for the heartbeat and the lease. */
  readonly api: number
  /** For the leader's duties; without `ingest` and `api` one more, `lease`, is for the heartbeat and the lease. */
  readonly leader: number
  readonly lease: number
}

type Shared = keyof Connections

/** Two transactions of live requests, one of the spool, one for the heartbeat: more are never used. */
const MOST_INGEST = 4
/** What takes it long, and what is due often. */
const MOST_LEADER = 2
const LEAST_INGEST = 2
/** To a Postgres of the collector's own, whose connections nobody else needs. */
const OF_OUR_OWN = 9

/** The fewest with which every role works. */
export function leastConnections(roles: readonly Role[]): number {
  return sumOf(leastOf(roles))
}

/**
 * What is more than the roles need goes round: to the API, to the leader until it has 2, to ingest until it has 4. What is
 * left is for the API.
 */
export function shareConnections({
  roles,
  databaseUrl,
  databaseConnections,
}: Pick<Settings, 'roles' | 'databaseUrl' | 'databaseConnections'>): Connections {
  const shares = leastOf(roles)
  const least = sumOf(shares)
  const all = databaseConnections ?? (databaseUrl === null ? OF_OUR_OWN : least)
  const most: Record<Shared, number> = {
    api: shares.api > 0 ? all : 0,
    leader: shares.leader > 0 ? MOST_LEADER : 0,
    ingest: shares.ingest > 0 ? MOST_INGEST : 0,
    lease: shares.lease,
  }
  let left = all - least
  const order = ['api', 'leader', 'ingest'] as const
  while (left > 0 && order.some((part) => shares[part] < most[part])) {
    for (const part of order) {
      if (left === 0 || shares[part] >= most[part]) continue
      shares[part]++
      left--
    }
  }
  return shares
}

function leastOf(roles: readonly Role[]): Record<Shared, number> {
  const has = (role: Role) => roles.includes(role)
  return {
    ingest: has('ingest') ? LEAST_INGEST : 0,
    api: has('api') ? 1 : 0,
    leader: has('leader') ? 1 : 0,
    lease: has('ingest') || has('api') ? 0 : 1,
  }
}

function sumOf({ ingest, api, leader, lease }: Connections): number {
  return ingest + api + leader + lease
}
