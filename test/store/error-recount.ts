import type { ErrorFilter, ErrorOrder, ErrorState } from '../../collector/api/error-contract'
import type { SeedGroup, SeedHash, SeedThrow } from './seed-errors'

/** Everything that was seeded. */
export interface Seeded {
  readonly hashes: readonly SeedHash[]
  readonly groups: readonly SeedGroup[]
  readonly throws: readonly SeedThrow[]
}

export const NO_FILTER: ErrorFilter = {
  tenant: null,
  service: null,
  environment: null,
  module: null,
  operation: null,
  release: null,
  states: [],
  text: null,
  assignee: null,
  minOccurrences: 1,
  severeOnly: false,
}

/** What the throws of a group add up to. */
export interface Recounted {
  readonly id: string
  readonly state: ErrorState
  readonly class: string
  readonly service: string
  readonly throws: readonly SeedThrow[]
  readonly count: number
  readonly severe: number
  readonly unhandled: number
  readonly users: number
  readonly firstNs: bigint
  readonly lastNs: bigint
  /** Unix microseconds. */
  readonly firstSeenUs: bigint
}

const SERVICES: Readonly<
  Record<string, { tenant: string; service: string; module: string; operation: string }>
> = {
  1: { tenant: 'acme', service: 'gateway', module: 'http', operation: 'GET /shop' },
  2: { tenant: 'acme', service: 'orders', module: 'orders', operation: 'place order' },
  3: { tenant: 'umbrella', service: 'orders', module: 'orders', operation: 'place order' },
}

/** The groups of a window (unix milliseconds) that the filter leaves, by adding up every throw, in the order asked for. */
export function recount(
  { hashes, groups, throws }: Seeded,
  window: { readonly sinceMs: number; readonly untilMs: number },
  filter: ErrorFilter,
  order: ErrorOrder,
): Recounted[] {
  const members = new Map<string, SeedHash[]>()
  for (const hash of hashes) {
    const group = hash.group ?? hash.id
    members.set(group, [...(members.get(group) ?? []), hash])
  }
  const found = [...members].flatMap(([id, own]) => {
    const ids = new Set(own.map((hash) => hash.id))
    const decided = groups.find((group) => group.id === id)
    const counted = throws.filter(
      (each) =>
        ids.has(each.hash) &&
        each.timeMs >= window.sinceMs &&
        each.timeMs < window.untilMs &&
        isOf(each, filter),
    )
    const group = addUp(id, own, decided, counted)
    return counted.length > 0 && isWanted(group, own, decided, filter) ? [group] : []
  })
  return found.sort(
    (a, b) => compare(valueOf(b, order), valueOf(a, order)) || (a.id > b.id ? -1 : 1),
  )
}

function isOf({ service = 1n, release = '' }: SeedThrow, filter: ErrorFilter): boolean {
  const names = SERVICES[String(service)]!
  return (
    (filter.tenant === null || filter.tenant === names.tenant) &&
    (filter.service === null || filter.service === names.service) &&
    (filter.module === null || filter.module === names.module) &&
    (filter.operation === null || filter.operation === names.operation) &&
    (filter.environment === null || filter.environment === '') &&
    (filter.release === null || filter.release === release)
  )
}

function addUp(
  id: string,
  own: readonly SeedHash[],
  decided: SeedGroup | undefined,
  throws: readonly SeedThrow[],
): Recounted {
  const lead = own.find((hash) => hash.id === id) ?? own[0]!
  const times = throws
    .map(({ timeMs, restNs = 0 }) => BigInt(timeMs) * 1_000_000n + BigInt(restNs))
    .sort(compare)
  const firstNs = times[0] ?? 0n
  const notedUs = decided === undefined ? null : BigInt(Date.parse(decided.firstSeenAt)) * 1000n
  const firstUs = firstNs / 1000n
  return {
    id,
    state: (decided?.state ?? 'new') as ErrorState,
    class: lead.class ?? 'TypeError',
    service: lead.service ?? 'gateway',
    throws,
    count: throws.length,
    severe: throws.filter(({ severity = 17 }) => severity >= 17).length,
    unhandled: throws.filter(({ isHandled = true }) => !isHandled).length,
    users: new Set(throws.flatMap(({ user }) => (user === undefined ? [] : [user]))).size,
    firstNs,
    lastNs: times.at(-1) ?? 0n,
    firstSeenUs: notedUs !== null && notedUs < firstUs ? notedUs : firstUs,
  }
}

function isWanted(
  group: Recounted,
  own: readonly SeedHash[],
  decided: SeedGroup | undefined,
  filter: ErrorFilter,
): boolean {
  const text = filter.text?.toLowerCase()
  const told = own.flatMap((hash) => [
    hash.class ?? 'TypeError',
    hash.code ?? '',
    hash.message ?? 'cannot read',
    hash.culprit ?? 'load (src/repo.ts)',
  ])
  return (
    (filter.states.length === 0 || filter.states.includes(group.state)) &&
    (filter.assignee === null || decided?.columns?.['assignee'] === filter.assignee) &&
    (text === undefined || told.some((each) => each.toLowerCase().includes(text))) &&
    group.count >= filter.minOccurrences &&
    (!filter.severeOnly || group.severe > 0)
  )
}

function valueOf(group: Recounted, order: ErrorOrder): bigint {
  const values = {
    last_seen: group.lastNs,
    first_seen: group.firstSeenUs,
    count: BigInt(group.count),
    users: BigInt(group.users),
  }
  return values[order]
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
