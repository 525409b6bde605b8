const BYTES_PER_KIB = 1024

/**
 * /proc/meminfo in bytes. Used is what the kernel could not give to a new program (MemTotal - MemAvailable, as the semantic
 * conventions have it); free, buffers and cached are the parts of what it could: the four add up to the total.
 */
export interface MemoryReading {
  readonly totalBytes: number
  readonly availableBytes: number
  readonly usedBytes: number
  readonly freeBytes: number
  readonly buffersBytes: number
  readonly cachedBytes: number
  readonly swapTotalBytes: number
  readonly swapFreeBytes: number
}

/** Null for a text without the total. */
export function parseMemory(meminfo: string): MemoryReading | null {
  const bytes = new Map<string, number>()
  for (const [, key = '', kib] of meminfo.matchAll(/^(\w+): +(\d+) kB$/gm)) {
    bytes.set(key, Number(kib) * BYTES_PER_KIB)
  }
  const of = (key: string) => bytes.get(key) ?? 0
  const totalBytes = of('MemTotal')
  if (totalBytes === 0) return null
  // Linux before 3.14 says no MemAvailable; file cache that is shared memory cannot be dropped.
  const droppable = of('MemFree') + of('Buffers') + of('Cached') + of('SReclaimable') - of('Shmem')
  const availableBytes = Math.min(bytes.get('MemAvailable') ?? droppable, totalBytes)
  const freeBytes = Math.min(of('MemFree'), availableBytes)
  const buffersBytes = Math.min(of('Buffers'), availableBytes - freeBytes)
  return {
    totalBytes,
    availableBytes,
    usedBytes: totalBytes - availableBytes,
    freeBytes,
    buffersBytes,
    cachedBytes: availableBytes - freeBytes - buffersBytes,
    swapTotalBytes: of('SwapTotal'),
    swapFreeBytes: of('SwapFree'),
  }
}
