import { setTimeout as wait } from 'node:timers/promises'

const PAUSE_MS = 10

/**
 * Waits until `condition` gives something truthy and returns it; fails after `timeoutMs`, naming `what` was awaited. A
 * condition that throws ends the waiting at once with its error.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  timeoutMs: number,
  what: string,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const value = await condition()
    if (value) return value
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`)
    await wait(PAUSE_MS)
  }
}
