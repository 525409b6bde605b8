import { Type, type Static } from 'typebox'
import {
  ERROR_SEVERITIES,
  ERROR_STATES,
  type ErrorSeverity,
  type ErrorState,
} from '../error-contract'
import { Attributes, closed, count, orNull, refer, text } from './field'
import { windowFields } from './figure'

/** So many throws are told of in an answer about traces. */
export const MAX_TRACED = 1000

const UUID = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
const uuid = (description: string) => Type.String({ pattern: UUID, description })

const { window } = windowFields

const State = Type.Unsafe<ErrorState>({
  type: 'string',
  enum: ERROR_STATES,
  description:
    'new becomes ongoing after 7 days; these, escalating and regressed are unresolved; health counts those but ongoing',
})

const resolution = {
  type: ['object', 'null'],
  description: 'The last one; null when it was never resolved, or reopened',
  required: ['at', 'by', 'kind', 'release', 'notes'],
  additionalProperties: false,
  properties: {
    at: Type.String(),
    by: Type.String(),
    kind: { type: 'string', enum: ['now', 'in_release', 'in_next_release'] },
    release: orNull('string', 'service.version; null while the next one is not there'),
    notes: orNull('string', 'What was said about it'),
  },
}

const mute = {
  type: ['object', 'null'],
  description: 'Null when it is not muted; it does not end where it says no end',
  required: ['at', 'until', 'count', 'minutes'],
  additionalProperties: false,
  properties: {
    at: Type.String(),
    until: orNull('string', 'When it ends'),
    count: orNull('integer', 'So many throws end it'),
    minutes: orNull('integer', 'Within so many minutes'),
  },
}

const groupFields = {
  id: uuid('Keeps its meaning when groups are merged'),
  tenant: text('Empty for none'),
  namespace: text('service.namespace'),
  service: text('service.name'),
  module: text('The module attribute, else the name of the scope'),
  operation: text('Name of the span; empty of a log record'),
  class: text('exception.type without what is in it of the message; else what stands for it'),
  code: orNull<string>('string', 'ECONNREFUSED, 23505, 500'),
  message: text('Without what differs from throw to throw'),
  culprit: text('The function it was thrown in, else what is known of the place'),
  state: State,
  stateSince: orNull<string>('string', 'RFC 3339'),
  assignee: orNull<string>('string', 'Who looks after it'),
  resolution: Type.Unsafe<object | null>(resolution),
  mute: Type.Unsafe<object | null>(mute),
  occurrenceCount: count('Throws in the window, each once, wherever it was told of'),
  severeCount: count('Those with the severity of an error or worse'),
  unhandledCount: count('Those that nothing caught'),
  userCount: count('Users affected in the window: exact up to 63, then within 13 % or so'),
  firstSeen: text('Of all time'),
  lastSeen: text('Of all time'),
  firstRelease: orNull<string>('string', 'service.version; null where none was told'),
  lastRelease: orNull<string>('string', 'Likewise'),
}

/** A group of errors, with counts of a window. */
export const ErrorGroup = closed(groupFields, { $id: 'ErrorGroup' })
export type ErrorGroup = Static<typeof ErrorGroup>

/** A throw that was kept. */
export const ErrorOccurrence = closed(
  {
    id: uuid('Of the throw'),
    groupId: uuid('Of its group'),
    hash: uuid('Its fingerprint'),
    time: text('RFC 3339 with nanoseconds'),
    service: text('service.name'),
    environment: text('deployment.environment.name'),
    module: groupFields.module,
    operation: groupFields.operation,
    release: orNull<string>('string', 'service.version'),
    severity: Type.Unsafe<ErrorSeverity>({ type: 'string', enum: ERROR_SEVERITIES }),
    isHandled: Type.Boolean({ description: 'Something caught it' }),
    isIncomplete: Type.Boolean({ description: 'The sender left something out, or it was cut' }),
    source: text('What told of it'),
    class: text('As it was thrown'),
    code: orNull<string>('string', 'As it was thrown'),
    message: text('As it was thrown'),
    stackTrace: orNull<string>('string', 'exception.stacktrace'),
    exceptions: Type.Array(Type.Unknown(), {
      description: 'From the outermost to the cause, with their frames',
    }),
    traceId: orNull<string>('string', '32 hex digits'),
    spanId: orNull<string>('string', '16 hex digits'),
    userId: orNull<string>('string', 'Of the user affected'),
    correlationId: orNull<string>('string', 'For /api/v1/correlations'),
    requestId: orNull<string>('string', 'Likewise'),
    httpMethod: orNull<string>('string', 'http.request.method'),
    httpPath: orNull<string>('string', 'url.path'),
    attributes: Attributes,
  },
  { $id: 'ErrorOccurrence' },
)
export type ErrorOccurrence = Static<typeof ErrorOccurrence>

const group = refer<ErrorGroup>('ErrorGroup')
const occurrences = Type.Array(refer<ErrorOccurrence>('ErrorOccurrence'), {
  description: 'A sample: of each hash and release the first and last ones, and some between',
})

const nextCursor = orNull<string>('string', 'For the next page; null at the end')

/** What an answer about traces says of the errors in them. */
export const tracedOccurrences = Type.Array(refer<ErrorOccurrence>('ErrorOccurrence'), {
  description: `Throws that were kept of these traces, each once, in the groups they are of; ${MAX_TRACED} at most`,
})

/** A page of groups. */
export const ErrorGroups = closed(
  { window, errors: Type.Array(group, { description: 'In the order asked for' }), nextCursor },
  { description: 'Groups of errors seen in the window' },
)

/** A page of throws. */
export const ErrorOccurrences = closed(
  {
    occurrences,
    nextCursor,
    searchedSince: orNull<string>('string', 'Throws were looked for from here'),
    searchedUntil: orNull<string>('string', 'to here'),
  },
  { description: 'Throws that were kept of a group, newest first' },
)

const counted = (description: string) =>
  Type.Array(closed({ name: Type.String(), count: Type.Integer({ minimum: 0 }) }), { description })

/** What errors add up to. */
export const ErrorStatistics = closed(
  {
    window,
    groupCount: count('Groups seen in the window'),
    unresolvedCount: count('Those that are unresolved, with throws of the severity of an error'),
    newCount: count('Those first seen in the window'),
    occurrenceCount: groupFields.occurrenceCount,
    severeCount: groupFields.severeCount,
    unhandledCount: groupFields.unhandledCount,
    userCount: groupFields.userCount,
    byClass: counted('Throws of the classes with the most'),
    byModule: counted('Throws of the modules with the most'),
    byService: counted('Throws of the services with the most'),
    byState: counted('Groups of each state'),
  },
  { description: 'What errors add up to' },
)

/** Throws over time. */
export const ErrorTrend = closed(
  {
    window,
    stepSeconds: count('Length of a step; hours where minutes are not kept any more'),
    trend: Type.Array(
      closed({
        time: text('Begin of the step'),
        occurrenceCount: count('Throws, each once'),
        severeCount: groupFields.severeCount,
        groupCount: count('Groups they are of'),
      }),
      { description: 'Every step of the window, in order' },
    ),
  },
  { description: 'Throws, step by step' },
)

const ErrorHash = closed({
  hash: uuid('The fingerprint'),
  algorithm: text('fp/1'),
  class: groupFields.class,
  code: groupFields.code,
  message: groupFields.message,
  culprit: groupFields.culprit,
  createdAt: text('When it was first stored'),
  why: Type.Array(Type.Unknown(), {
    description: 'What the hash was formed from, and what was left out of it and why',
  }),
})

const ErrorEvent = closed({
  at: text('RFC 3339'),
  actor: text('Empty where nobody but the collector did it'),
  action: text('What was done'),
  details: Type.Record(Type.String(), Type.Unknown()),
})

const history = Type.Array(ErrorEvent, { description: 'Newest first' })
const hashes = Type.Array(ErrorHash, { description: 'Several where groups were merged' })

/** Everything about a group. */
export const ErrorDetail = closed(
  {
    window,
    group,
    releases: Type.Array(
      closed({
        name: text('service.version'),
        count: count('Throws in the window'),
        firstSeen: text('RFC 3339'),
        lastSeen: text('RFC 3339'),
      }),
    ),
    environments: counted('Throws in the window'),
    operations: counted('Throws in the window'),
    hashes,
    history,
    latest: Type.Unsafe<ErrorOccurrence | null>({
      anyOf: [{ $ref: 'ErrorOccurrence#' }, { type: 'null' }],
      description: 'The newest throw that is kept, with its stack',
    }),
    traceIds: Type.Array(Type.String(), {
      description: 'Traces with such a throw, newest first, 32 hex digits',
    }),
  },
  { description: 'Everything about a group of errors' },
)

/** What was done to a group, and what became of it. */
export const ErrorHistory = closed({ history }, { description: 'What happened to a group' })

/** What a group was formed from. */
export const ErrorHashes = closed({ hashes }, { description: 'The hashes of a group' })

/** Groups that may be the same fault. */
export const SimilarErrors = closed(
  {
    errors: Type.Array(closed({ ...groupFields, shared: count('Hashes of less that both have') }), {
      description: 'The most alike first',
    }),
  },
  { description: 'Other groups of the service that share the nearest frames, or the message' },
)
