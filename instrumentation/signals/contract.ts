import type { Resource } from '@opentelemetry/resources'
import type { Body } from '../delivery/contract'

/** What each signal is put together from. */
export interface Parts {
  readonly env: NodeJS.ProcessEnv
  readonly resource: Resource
  readonly put: (body: Body) => void
  /** Sends what waits, for an application that asks for it; never rejects. */
  readonly flush: () => Promise<void>
}

/** A signal that encodes its items as they come. */
export interface Sealed {
  /** Hands on what was collected. */
  seal(): void
}
