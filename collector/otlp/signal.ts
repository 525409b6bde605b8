/** What a request carries. */
export const SIGNALS = ['traces', 'metrics', 'logs'] as const
export type Signal = (typeof SIGNALS)[number]

/** What holds for each signal. */
export function bySignal<T>(of: (signal: Signal) => T): Record<Signal, T> {
  return { traces: of('traces'), metrics: of('metrics'), logs: of('logs') }
}
