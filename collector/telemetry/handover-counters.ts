import { Counter, Gauge, type Registry } from 'prom-client'

/** What waits in the folder for handing over, when it is asked. */
export interface HandoverReading {
  readonly files: number
  readonly bytes: number
}

/** Files that applications left. */
export function declareHandover(registers: Registry[]) {
  let read = (): HandoverReading => ({ files: 0, bytes: 0 })
  new Gauge({
    name: 'sidelight_handover_pending_files',
    help: 'Files that applications left when they ended, and that are not stored yet.',
    registers,
    collect() {
      this.set(read().files)
    },
  })
  new Gauge({
    name: 'sidelight_handover_pending_bytes',
    help: 'Bytes of those files.',
    registers,
    collect() {
      this.set(read().bytes)
    },
  })
  return {
    /** The gauges ask `source` at every scrape. */
    observeHandover(source: () => HandoverReading) {
      read = source
    },
    handedOverFiles: new Counter({
      name: 'sidelight_handover_files_total',
      help: 'Files that applications left, by outcome: stored (now, or before it was left), refused (put aside into the folder refused), dead (too old to tell whether it was stored, see dead_letter).',
      labelNames: ['outcome'],
      registers,
    }),
  }
}
