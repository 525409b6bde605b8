import { ATTRIBUTE, METRIC } from './attributes'
import { lazyInstrument } from './instruments'

/**
 * Counts that something was found in a cache, or was not: the counter `cache.requests`, by `cache.name` and `cache.result`,
 * of which the hit rate follows.
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
  try {
    cacheRequests()?.add(1, { [ATTRIBUTE.cacheName]: cache, [ATTRIBUTE.cacheResult]: result })
  } catch {
    // An SDK that fails costs this count.
  }
}

const cacheRequests = lazyInstrument((meter) =>
  meter.createCounter(METRIC.cacheRequests, {
    unit: '{request}',
    description: 'What was looked up in caches, by whether it was there',
  }),
)
