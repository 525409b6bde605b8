import type { Stage } from './stage'

/** A fault, injected a number of times under load, and what it must not cost. */
export interface Scenario {
  readonly name: string
  /** What is done, for people. */
  readonly fault: string
  /** How often the fault is injected, in the full run and in the short one. */
  readonly times: { readonly full: number; readonly short: number }
  /**
   * Starts collectors and clients on the stage and injects the fault `stage.times` times. When it returns, Postgres runs;
   * the stage ends the clients, waits for the spools to drain, ends the collectors and settles the ledgers.
   */
  run(stage: Stage): Promise<void>
}

/** Thrown by a scenario that this machine or user cannot run; the table says why. */
export class NotRun extends Error {
  override readonly name = 'NotRun'
}
