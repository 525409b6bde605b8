import { readChoice, readText } from './argument'
import { attempt } from './attempt'
import { ATTRIBUTE, METRIC } from './attributes'
import { Bounded } from './bounded'
import { lazyInstrument } from './instruments'

/**
 * Counts that something was found in a cache, or was not: the counter `cache.requests`, by `cache.name` and `cache.result`,
 * of which the hit rate follows. More than 500 names in a process are `other`. Without a name, or with another result, nothing is
 * counted. Never throws.
 *
 * @example
 * import { trackCache } from 'sidelight'
 *
 * const prices = new Map([['cup', 4]])
 * const find = (item: string) => {
 *   trackCache('prices', prices.has(item) ? 'hit' : 'miss')
 *   return prices.get(item)
 * }
 * console.log(find('cup'), find('saucer')) // prints 4 undefined
 */
export function trackCache(cache: string, result: 'hit' | 'miss'): void {
  attempt('trackCache', () => {
    const requests = cacheRequests()
    if (requests === undefined) return
    const name = readText('trackCache', 'cache', cache)
    const known = readChoice('trackCache', 'result', result, RESULTS)
    if (name === undefined || known === undefined) return
    requests.add(1, { [ATTRIBUTE.cacheName]: CACHES.admit(name), [ATTRIBUTE.cacheResult]: known })
  })
}

const CACHES = new Bounded(500)
const RESULTS = { hit: true, miss: true } as const

const cacheRequests = lazyInstrument((meter) =>
  meter.createCounter(METRIC.cacheRequests, {
    unit: '{request}',
    description: 'What was looked up in caches, by whether it was there',
  }),
)
