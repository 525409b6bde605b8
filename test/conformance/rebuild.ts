import { isDeepStrictEqual } from 'node:util'
import { canonical } from './canonical'
import { REQUESTS } from './export'
import { kindOf, list, nameIn, pointIn, requestOf, without } from './message'
import type { Message, Signal, StoredItem } from './target'

/** The export request that has these items, the earliest first, those of one time by name and content, in its canonical form. */
export function rebuildRequest(
  signal: Signal,
  service: string,
  items: readonly StoredItem[],
): Message {
  const ordered = [...items].sort(
    (a, b) =>
      compare(timeOf(signal, a.item), timeOf(signal, b.item)) ||
      compare(nameIn(a.item), nameIn(b.item)) ||
      compare(JSON.stringify(a.item), JSON.stringify(b.item)),
  )
  const groups = groupBy(ordered, (item) => without({ ...item }, 'item', 'timeUnixNano'))
  const requests = groups.map((group) => {
    const [{ resource, resourceSchemaUrl, scope, scopeSchemaUrl }] = group
    const inside = group.map(({ item }) => item)
    const attributes = list(resource['attributes']).filter(({ key }) => key !== 'service.name')
    return requestOf(signal, service, signal === 'metrics' ? joinMetrics(inside) : inside, {
      resource: { ...resource, attributes },
      resourceSchemaUrl,
      scope,
      scopeSchemaUrl,
    })
  })
  const [[name = '', first] = []] = requests.map((request) => Object.entries(request)[0] ?? [])
  const envelopes = requests.flatMap((request) => list(request[name]))
  return canonical(REQUESTS[signal], { [name]: first === undefined ? [] : envelopes })
}

/** Metrics of one point each, those of one stream in a row joined. */
function joinMetrics(metrics: readonly Message[]): Message[] {
  const withoutPoints = (metric: Message) => {
    const kind = kindOf(metric) ?? ''
    return { ...metric, [kind]: without(metric[kind] as Message, 'dataPoints') }
  }
  return groupBy(metrics, withoutPoints).map(([metric, ...others]) => {
    const kind = kindOf(metric) ?? ''
    const dataPoints = [metric, ...others].map(pointIn)
    return { ...metric, [kind]: { ...(metric[kind] as Message), dataPoints } }
  })
}

type NonEmpty<T> = readonly [T, ...T[]]

/** Runs of neighbours that have the same about them. */
function groupBy<T>(items: readonly T[], about: (item: T) => unknown): NonEmpty<T>[] {
  const groups: [T, ...T[]][] = []
  for (const item of items) {
    const last = groups.at(-1)
    if (last !== undefined && isDeepStrictEqual(about(last[0]), about(item))) last.push(item)
    else groups.push([item])
  }
  return groups
}

function timeOf(signal: Signal, item: Message): bigint {
  const time = signal === 'traces' ? item['startTimeUnixNano'] : item['timeUnixNano']
  return BigInt(String((signal === 'metrics' ? pointIn(item)['timeUnixNano'] : time) ?? '0'))
}

function compare<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : Number(a > b)
}
