import type {
  ErrorActions,
  ErrorCountQueries,
  ErrorDetail,
  ErrorGroup,
  ErrorQueries,
  StoredOccurrence,
} from '../../collector/api/error-contract'

export const GROUP_ID = 'aaaaaaaa-0000-4000-8000-00000000000a'
export const OTHER_ID = 'bbbbbbbb-0000-4000-8000-00000000000b'

/** A group of errors; what is left out is of the shop's only error. */
export function groupOf(fields: Partial<ErrorGroup> = {}): ErrorGroup {
  return {
    id: GROUP_ID,
    tenant: '',
    namespace: 'shop',
    service: 'orders',
    module: 'orders',
    operation: 'POST /orders',
    class: 'PaymentError',
    code: 'DECLINED',
    message: 'card <*> was declined',
    culprit: 'charge',
    state: 'new',
    stateSince: '2026-03-01T11:00:00.000Z',
    assignee: null,
    resolution: null,
    mute: null,
    occurrenceCount: 12,
    severeCount: 11,
    unhandledCount: 1,
    userCount: 3,
    firstSeen: '2026-03-01T11:00:00.000Z',
    lastSeen: '2026-03-01T11:59:00.000Z',
    firstRelease: '1.0.0',
    lastRelease: '1.1.0',
    ...fields,
  }
}

/** A throw of it. */
export function occurrenceOf(fields: Partial<StoredOccurrence> = {}): StoredOccurrence {
  return {
    id: 'cccccccc-0000-4000-8000-00000000000c',
    groupId: GROUP_ID,
    hash: GROUP_ID,
    time: '2026-03-01T11:59:00.000000001Z',
    service: 'orders',
    environment: 'prod',
    module: 'orders',
    operation: 'POST /orders',
    release: '1.1.0',
    severity: 'error',
    isHandled: true,
    isIncomplete: false,
    source: 'span_event',
    class: 'PaymentError',
    code: 'DECLINED',
    message: 'card 4711 was declined',
    stackTrace: 'PaymentError: card 4711 was declined\n    at charge (/app/pay.js:1:1)',
    exceptions: [{ class: 'PaymentError', frames: [] }],
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    userId: 'u1',
    correlationId: null,
    requestId: null,
    httpMethod: 'POST',
    httpPath: '/orders',
    attributes: { 'order.id': '7' },
    ...fields,
  }
}

/** All about it. */
export function detailOf(
  { window }: Pick<ErrorDetail, 'window'>,
  fields: Partial<ErrorDetail> = {},
): ErrorDetail {
  return {
    window,
    group: groupOf(),
    releases: [
      {
        name: '1.1.0',
        count: 12,
        firstSeen: '2026-03-01T11:00:00.000Z',
        lastSeen: '2026-03-01T11:59:00.000Z',
      },
    ],
    environments: [{ name: 'prod', count: 12 }],
    operations: [{ name: 'POST /orders', count: 12 }],
    hashes: [
      {
        hash: GROUP_ID,
        algorithm: 'fp/1',
        class: 'PaymentError',
        code: 'DECLINED',
        message: 'card <*> was declined',
        culprit: 'charge',
        createdAt: '2026-03-01T11:00:00.000Z',
        why: [{ part: 'class', value: 'PaymentError' }],
      },
    ],
    history: [
      { at: '2026-03-01T11:30:00.000Z', actor: 'ann', action: 'muted', details: { count: 5 } },
    ],
    latest: occurrenceOf(),
    traceIds: ['a'.repeat(32)],
    ...fields,
  }
}

/** What is asked about errors and done to them where there are none. */
export const NO_ERRORS: ErrorQueries & ErrorCountQueries & ErrorActions = {
  listErrors: ({ window }) => Promise.resolve({ window, groups: [], next: null }),
  readError: () => Promise.resolve(null),
  listOccurrences: () => Promise.resolve(null),
  readErrorStatistics: ({ window }) =>
    Promise.resolve({
      window,
      groupCount: 0,
      unresolvedCount: 0,
      newCount: 0,
      occurrenceCount: 0,
      severeCount: 0,
      unhandledCount: 0,
      userCount: 0,
      byClass: [],
      byModule: [],
      byService: [],
      byState: [],
    }),
  readErrorTrend: ({ window, stepMs }) => Promise.resolve({ window, stepMs, steps: [] }),
  countUnresolved: () => Promise.resolve([]),
  listSimilarErrors: () => Promise.resolve([]),
  readErrorsOfTraces: () => Promise.resolve([]),
  countThrows: () => Promise.resolve([]),
  countFatal: () => Promise.resolve([]),
  listRepeated: () => Promise.resolve([]),
  resolveError: () => Promise.resolve(null),
  reopenError: () => Promise.resolve(null),
  muteError: () => Promise.resolve(null),
  assignError: () => Promise.resolve(null),
  mergeErrors: () => Promise.resolve(null),
  splitError: () => Promise.resolve(null),
}
