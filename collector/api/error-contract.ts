import type { RepeatedError } from '../health/patterns'
import type { Window } from './contract'
import type { Position } from './contract'

/** How a group stands. The first three and `regressed` are unresolved; health counts those but `ongoing`. */
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

export const ERROR_SEVERITIES = ['debug', 'info', 'warning', 'error', 'fatal'] as const
export type ErrorSeverity = (typeof ERROR_SEVERITIES)[number]

export const ERROR_ORDERS = ['last_seen', 'first_seen', 'count', 'users'] as const
export type ErrorOrder = (typeof ERROR_ORDERS)[number]

/** What narrows a question about errors; null: everything. `tenant` is the one the caller's token is bound to. */
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

/** What decided a group's state last. */
export interface Resolution {
  readonly at: string
  readonly by: string
  readonly kind: 'now' | 'in_release' | 'in_next_release'
  readonly release: string | null
  readonly notes: string | null
}

export interface Mute {
  readonly at: string
  /** Null where it does not end at a time. */
  readonly until: string | null
  /** So many throws within so many minutes end it; null where none do. */
  readonly count: number | null
  readonly minutes: number | null
}

/** A group of errors; times are RFC 3339. Counts are of the window asked about. */
export interface ErrorGroup {
  /** Lower-case uuid. */
  readonly id: string
  readonly tenant: string
  readonly namespace: string
  readonly service: string
  readonly module: string
  readonly operation: string
  readonly class: string
  readonly code: string | null
  readonly message: string
  readonly culprit: string
  readonly state: ErrorState
  readonly stateSince: string | null
  readonly assignee: string | null
  readonly resolution: Resolution | null
  readonly mute: Mute | null
  readonly occurrenceCount: number
  /** Those with the severity of an error or worse, and those that nothing caught. */
  readonly severeCount: number
  readonly unhandledCount: number
  /** Exact up to 63, then within 13 % or so. */
  readonly userCount: number
  /** Of all time. */
  readonly firstSeen: string
  readonly lastSeen: string
  readonly firstRelease: string | null
  readonly lastRelease: string | null
}

/** Something that happened to a group. */
export interface ErrorEvent {
  readonly at: string
  /** Empty where nobody but the collector did it. */
  readonly actor: string
  readonly action: string
  readonly details: Readonly<Record<string, unknown>>
}

/** A hash of a group, with what it was formed from. */
export interface ErrorHash {
  readonly hash: string
  readonly algorithm: string
  readonly class: string
  readonly code: string | null
  readonly message: string
  readonly culprit: string
  readonly createdAt: string
  readonly why: readonly unknown[]
}

export interface Counted {
  readonly name: string
  readonly count: number
}

/** Everything about one group. */
export interface ErrorDetail {
  readonly window: Window
  readonly group: ErrorGroup
  readonly releases: readonly (Counted & {
    readonly firstSeen: string
    readonly lastSeen: string
  })[]
  readonly environments: readonly Counted[]
  readonly operations: readonly Counted[]
  readonly hashes: readonly ErrorHash[]
  readonly history: readonly ErrorEvent[]
  /** The newest one that is kept, with its stack. */
  readonly latest: StoredOccurrence | null
  /** Traces with such a throw, newest first, 32 hex digits. */
  readonly traceIds: readonly string[]
}

/** A throw that was kept. */
export interface StoredOccurrence {
  readonly id: string
  readonly groupId: string
  readonly hash: string
  /** RFC 3339 with nanoseconds. */
  readonly time: string
  readonly service: string
  readonly environment: string
  readonly module: string
  readonly operation: string
  readonly release: string | null
  readonly severity: ErrorSeverity
  readonly isHandled: boolean
  readonly isIncomplete: boolean
  readonly source: string
  readonly class: string
  readonly code: string | null
  readonly message: string
  readonly stackTrace: string | null
  readonly exceptions: readonly unknown[]
  readonly traceId: string | null
  readonly spanId: string | null
  readonly userId: string | null
  readonly correlationId: string | null
  readonly requestId: string | null
  readonly httpMethod: string | null
  readonly httpPath: string | null
  readonly attributes: Readonly<Record<string, unknown>>
}

export interface ErrorStatistics {
  readonly window: Window
  readonly groupCount: number
  readonly unresolvedCount: number
  readonly newCount: number
  readonly occurrenceCount: number
  readonly severeCount: number
  readonly unhandledCount: number
  readonly userCount: number
  readonly byClass: readonly Counted[]
  readonly byModule: readonly Counted[]
  readonly byService: readonly Counted[]
  readonly byState: readonly Counted[]
}

/** Throws by the step; steps without any are not among them. */
export interface ErrorTrend {
  readonly window: Window
  readonly stepMs: number
  readonly steps: readonly {
    readonly sinceMs: number
    readonly occurrenceCount: number
    readonly severeCount: number
    readonly groupCount: number
  }[]
}

/** The questions the API asks about errors. Each throws Unavailable when they cannot be answered now. */
export interface ErrorQueries {
  /** A page of groups seen in the window; `next` is an opaque place to go on from, null at the end. */
  listErrors(question: {
    readonly window: Window
    readonly filter: ErrorFilter
    readonly order: ErrorOrder
    readonly limit: number
    readonly after: string | null
  }): Promise<{
    readonly window: Window
    readonly groups: readonly ErrorGroup[]
    readonly next: string | null
  }>
  /** Null when there is no such group; that of a hash that was merged is the one it is in. */
  readError(question: {
    readonly id: string
    readonly window: Window
    readonly tenant: string | null
  }): Promise<ErrorDetail | null>
  /** Newest first. Null when there is no such group. */
  listOccurrences(question: {
    readonly id: string
    readonly window: Window
    readonly tenant: string | null
    readonly limit: number
    readonly after: Position | null
  }): Promise<{
    readonly occurrences: readonly StoredOccurrence[]
    readonly next: Position | null
  } | null>
  readErrorStatistics(question: {
    readonly window: Window
    readonly filter: ErrorFilter
  }): Promise<ErrorStatistics>
  /** Of all errors, or of one group. */
  readErrorTrend(question: {
    readonly window: Window
    readonly filter: ErrorFilter
    readonly groupId: string | null
    readonly stepMs: number
  }): Promise<ErrorTrend>
  /** Groups in alarming states with severe throws in the window, a service each; services without are not among them. */
  countUnresolved(question: {
    readonly window: Window
    readonly tenant: string | null
    readonly service: string | null
    readonly module: string | null
  }): Promise<readonly ErrorsOfService[]>
  /** Other groups of the service that share a hash of less, the most alike first. */
  listSimilarErrors(question: {
    readonly id: string
    readonly tenant: string | null
    readonly limit: number
  }): Promise<readonly (ErrorGroup & { readonly shared: number })[]>
  /** The errors kept of a trace, or of several. */
  readErrorsOfTraces(question: {
    readonly traceIds: readonly string[]
    readonly tenant: string | null
    readonly limit: number
  }): Promise<readonly StoredOccurrence[]>
}

/** A service with a number of errors. */
export interface ErrorsOfService {
  readonly tenant: string
  readonly environment: string
  readonly namespace: string
  readonly service: string
  readonly count: number
}

/** Throws of a service, each counted once; the two others are among them. */
export interface ThrowsOfService extends ErrorsOfService {
  readonly severeCount: number
  readonly unhandledCount: number
}

/** What alerts and counters ask about errors. Each throws Unavailable when it cannot be answered now. */
export interface ErrorCountQueries {
  /** Throws of the window, a service each; services without are not among them. */
  countThrows(question: {
    readonly window: Window
    readonly tenant: string | null
  }): Promise<readonly ThrowsOfService[]>
  /** Throws of severity fatal that were kept, of which the first ones are; services without are not among them. */
  countFatal(question: {
    readonly window: Window
    readonly tenant: string | null
    readonly service: string | null
    readonly module: string | null
  }): Promise<readonly ErrorsOfService[]>
  /** The unresolved groups with `least` throws of the severity of an error in the window, those with the most first. */
  listRepeated(question: {
    readonly window: Window
    readonly tenant: string | null
    readonly service: string | null
    readonly module: string | null
    readonly least: number
    readonly limit: number
  }): Promise<readonly RepeatedError[]>
}

/** Who does something to a group, and to which; `tenant` is the one the caller's token is bound to. */
export interface ErrorSubject {
  readonly id: string
  readonly tenant: string | null
  readonly actor: string
}

/**
 * What people do to groups. Each is one transaction, appends to the history, and returns the group's id; null when there is no
 * such group. Throws BadData for what cannot be done (a merge across services), Unavailable when Postgres is away.
 */
export interface ErrorActions {
  resolveError(
    action: ErrorSubject & {
      readonly kind: Resolution['kind']
      /** Of `in_release`; null: the newest one. */
      readonly release: string | null
      readonly notes: string | null
    },
  ): Promise<string | null>
  /** Takes a resolution or a mute back. */
  reopenError(action: ErrorSubject): Promise<string | null>
  muteError(
    action: ErrorSubject & {
      readonly untilMs: number | null
      readonly count: number | null
      readonly minutes: number | null
    },
  ): Promise<string | null>
  /** Null: nobody. */
  assignError(action: ErrorSubject & { readonly assignee: string | null }): Promise<string | null>
  /** The hashes of the others become those of this group. */
  mergeErrors(action: ErrorSubject & { readonly others: readonly string[] }): Promise<string | null>
  /** Some hashes become a group of their own again, the first one's. Returns that group's id. */
  splitError(action: ErrorSubject & { readonly hashes: readonly string[] }): Promise<string | null>
}
