import {
  constants,
  type NodeGCPerformanceDetail,
  type PerformanceEntry,
  PerformanceObserver,
} from 'node:perf_hooks'

/** Hears of each garbage collection: what kind, and how long the thread stood still. Keeps nothing alive. */
export function watchCollections(hear: (type: string, seconds: number) => void): void {
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as CollectionEntry[]) {
      const type = TYPES[entry.detail.kind ?? -1]
      if (type !== undefined) hear(type, entry.duration / MS_PER_SECOND)
    }
  })
  observer.observe({ entryTypes: ['gc'] })
}

/** Upper bounds of the buckets, seconds, as the semantic conventions advise. */
export const COLLECTION_BOUNDARIES: readonly number[] = [0.01, 0.1, 1, 10]

export const COLLECTION_DURATION = {
  name: 'v8js.gc.duration',
  unit: 's',
  description: 'Garbage collection duration.',
}

const MS_PER_SECOND = 1e3

type CollectionEntry = PerformanceEntry & { readonly detail: NodeGCPerformanceDetail }

const TYPES: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakcb',
}
