import type { Logger } from 'pino'
import type { Config, Token } from './config'

/** What a collector is started with. */
export interface CollectorParts {
  readonly config: Config
  /** The tokens that open the doors, the generated one included. */
  readonly tokens: readonly Token[]
  readonly log: Logger
  readonly version: string
  /** Gives up a start under way. */
  readonly signal: AbortSignal
}
