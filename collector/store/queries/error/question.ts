/** How a group stands. */
export const ERROR_STATES = [
  'new',
  'ongoing',
  'escalating',
  'regressed',
  'resolved',
  'muted',
] as const
export type ErrorState = (typeof ERROR_STATES)[number]
export const UNRESOLVED_STATES = ['new', 'ongoing', 'escalating', 'regressed'] as const
/** The states of groups that make a service unhealthy. */
export const ALARMING_STATES = ['new', 'escalating', 'regressed'] as const

export const ERROR_ORDERS = ['last_seen', 'first_seen', 'count', 'users'] as const
export type ErrorOrder = (typeof ERROR_ORDERS)[number]

/** What narrows a question; null: everything. */
export interface ErrorFilter {
  readonly tenant: string | null
  readonly service: string | null
  readonly environment: string | null
  readonly module: string | null
  readonly operation: string | null
  readonly release: string | null
  /** Empty: all. */
  readonly states: readonly ErrorState[]
  /** In the class, code, message or culprit, whatever the case. */
  readonly text: string | null
  readonly assignee: string | null
  /** At least so many throws in the window. */
  readonly minOccurrences: number
  /** Only groups with throws of the severity of an error or worse in the window. */
  readonly severeOnly: boolean
}

/** A name with how many throws or groups it has. */
export interface Counted {
  readonly name: string
  readonly count: number
}

/** A service with a number of errors. */
export interface ErrorsOfService {
  readonly tenant: string
  readonly environment: string
  readonly namespace: string
  readonly service: string
  readonly count: number
}
