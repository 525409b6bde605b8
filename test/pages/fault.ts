import type {
  ErrorDetail,
  ErrorGroup,
  ErrorQueries,
  ErrorTrend,
  StoredOccurrence,
} from '../../collector/api/error-contract'
import { detailOf, groupOf, GROUP_ID, NO_ERRORS, occurrenceOf, OTHER_ID } from '../api/errors'
import { TRACE_ID } from './sample'

const idOf = (number: number) => `aaaaaaaa-0000-4000-8000-${number.toString(16).padStart(12, '0')}`

/** A group of every state, as a shop has them. */
export const GROUPS: readonly ErrorGroup[] = [
  groupOf({
    class: 'CardDeclined',
    code: 'insufficient_funds',
    message: 'the bank declined the card: <*>',
    culprit: 'charge (payments/charge.js)',
    service: 'payments',
    state: 'regressed',
    occurrenceCount: 12_480,
    userCount: 2_310,
    assignee: 'ann',
    lastSeen: '2026-03-01T11:59:48.000Z',
    firstSeen: '2026-01-12T09:00:00.000Z',
    resolution: {
      at: '2026-02-20T10:00:00.000Z',
      by: 'ben',
      kind: 'in_release',
      release: '1.4.0',
      notes: 'asks the bank again after a second',
    },
  }),
  groupOf({
    id: idOf(2),
    class: 'TypeError',
    code: null,
    message: "Cannot read properties of undefined (reading 'price')",
    culprit: 'priceOf (src/cart/price.ts)',
    service: 'a-service-with-a-name-that-nobody-would-want-to-read-on-a-phone',
    state: 'new',
    occurrenceCount: 41,
    userCount: 12,
  }),
  groupOf({
    id: idOf(3),
    class: 'Error',
    code: 'ECONNREFUSED',
    message: 'connect ECONNREFUSED <ip>:<port>',
    culprit: 'TCPConnectWrap.afterConnect',
    state: 'escalating',
    occurrenceCount: 90_213,
    userCount: 0,
    lastSeen: '2026-03-01T11:40:00.000Z',
  }),
  groupOf({
    id: idOf(4),
    class: 'com.example.WhollyUnreasonablyLongExceptionNameThatSomeGeneratorMadeUp',
    code: null,
    message: `the order ${'could not be written and '.repeat(12)}is lost`,
    culprit: 'POST /orders',
    state: 'ongoing',
    occurrenceCount: 3,
    userCount: 1,
    lastSeen: '2026-02-28T12:30:00.000Z',
  }),
  groupOf({ id: idOf(5), state: 'resolved', class: 'RangeError', code: null, occurrenceCount: 7 }),
  groupOf({ id: idOf(6), state: 'muted', class: 'AbortError', code: null, occurrenceCount: 812 }),
]

const frame = (path: string, name: string, line: number, isInApp: boolean) => ({
  path,
  function: name,
  line,
  column: 11,
  isInApp,
})

const EXCEPTIONS = [
  {
    class: 'CheckoutFailed',
    code: null,
    message: 'the order could not be paid',
    frames: [
      frame('src/checkout/pay.ts', 'pay', 88, true),
      frame('pkg:fastify/lib/handleRequest.js', 'preHandlerCallback', 137, false),
      frame('pkg:fastify/lib/hooks.js', 'next', 193, false),
      frame('pkg:@opentelemetry/api/build/src/context.js', 'with', 60, false),
      frame('node:internal/process/task_queues', 'processTicksAndRejections', 105, false),
      frame('src/checkout/routes.ts', 'POST /checkout', 12, true),
    ],
  },
  {
    class: 'CardDeclined',
    code: 'insufficient_funds',
    message: 'the bank declined the card: insufficient funds',
    frames: [
      frame('payments/charge.js', 'charge', 41, true),
      frame('payments/bank/a-folder-with-a-long-name/authorize.js', 'new Authorization', 7, true),
      frame('pkg:undici/lib/api/api-request.js', 'RequestHandler.onHeaders', 99, false),
    ],
  },
  {
    class: 'AggregateError',
    code: null,
    message: 'all banks failed',
    frames: [],
    members: [
      {
        class: 'Error',
        code: 'ECONNREFUSED',
        message: 'connect ECONNREFUSED 10.0.0.7:443',
        frames: [frame('node:net', 'TCPConnectWrap.afterConnect', 1611, false)],
      },
      { class: 'TimeoutError', code: null, message: 'no answer within 2 s', frames: [] },
    ],
  },
]

const LATEST: StoredOccurrence = occurrenceOf({
  class: 'CheckoutFailed',
  service: 'payments',
  environment: 'production',
  release: '1.5.0',
  traceId: TRACE_ID,
  spanId: '0000000000000008',
  source: 'exception_event',
  message: 'the order could not be paid',
  exceptions: EXCEPTIONS,
  stackTrace:
    'CheckoutFailed: the order could not be paid\n    at pay (/srv/app/src/checkout/pay.ts:88:11)\n    at preHandlerCallback (/srv/app/node_modules/fastify/lib/handleRequest.js:137:37)',
  userId: 'u-18223',
  correlationId: 'checkout-2291',
  httpPath: '/checkout',
  attributes: { 'http.route': '/checkout', 'order.total': 74.9, 'order.id': 'o-2291' },
})

/** All about the first of the groups. */
export function faultDetail(
  asked: Pick<ErrorDetail, 'window'>,
  fields: Partial<ErrorDetail> = {},
): ErrorDetail {
  const release = (name: string, count: number, day: string) => ({
    name,
    count,
    firstSeen: `2026-02-${day}T10:00:00.000Z`,
    lastSeen: '2026-03-01T11:00:00.000Z',
  })
  const [group = groupOf()] = GROUPS
  return detailOf(asked, {
    group,
    releases: [release('1.5.0', 12_100, '28'), release('1.4.2', 380, '21')],
    environments: [
      { name: 'production', count: 12_400 },
      { name: 'staging', count: 80 },
    ],
    operations: [
      { name: 'POST /checkout', count: 12_000 },
      { name: 'POST /subscriptions/{id}/renewals', count: 480 },
    ],
    hashes: [GROUP_ID, OTHER_ID].map((hash, at) => ({
      hash,
      algorithm: 'fp/1',
      class: 'CardDeclined',
      code: 'insufficient_funds',
      message: 'the bank declined the card: <*>',
      culprit: 'charge (payments/charge.js)',
      createdAt: '2026-01-12T09:00:00.000Z',
      why: [
        { kind: 'class', value: 'CardDeclined', isUsed: true, hint: '', exception: 1 },
        { kind: 'frame', value: 'charge payments/charge.js', isUsed: true, hint: '', exception: 1 },
        {
          kind: 'frame',
          value: 'RequestHandler.onHeaders pkg:undici',
          isUsed: false,
          hint: 'of a library, and the application has frames',
          exception: 1,
        },
        {
          kind: 'message',
          value: 'the bank declined the card: <*>',
          isUsed: at === 1,
          hint: at === 1 ? 'no frame is known' : 'there are frames',
          exception: 1,
        },
      ],
    })),
    history: [
      {
        at: '2026-02-28T10:00:00.000Z',
        actor: '',
        action: 'regressed',
        details: { release: '1.5.0' },
      },
      {
        at: '2026-02-20T10:00:00.000Z',
        actor: 'ben',
        action: 'resolved',
        details: { kind: 'in_release', release: '1.4.0', notes: 'asks the bank again' },
      },
      {
        at: '2026-02-19T08:00:00.000Z',
        actor: 'admin',
        action: 'assigned',
        details: { assignee: 'ann' },
      },
    ],
    latest: LATEST,
    traceIds: [TRACE_ID, '5b8efff798038103d269b633813fc60c'],
    ...fields,
  })
}

function trendOf(
  { window, stepMs }: Pick<ErrorTrend, 'window' | 'stepMs'>,
  scale: number,
): ErrorTrend {
  const count = Math.round((window.untilMs - window.sinceMs) / stepMs)
  const steps = Array.from({ length: count }, (_, at) => {
    const occurrenceCount = Math.round(scale * Math.max(0, Math.sin(at / 3 + scale) + at / count))
    const severeCount = Math.round(occurrenceCount * 0.6)
    return { sinceMs: window.sinceMs + at * stepMs, occurrenceCount, severeCount, groupCount: 1 }
  })
  return { window, stepMs, steps: steps.filter((step) => step.occurrenceCount > 0) }
}

/** Answers questions about the errors of the shop. */
export const FAULTS: ErrorQueries = {
  ...NO_ERRORS,
  listErrors: ({ window }) => Promise.resolve({ window, groups: GROUPS, next: 'next' }),
  readError: ({ window }) => Promise.resolve(faultDetail({ window })),
  readErrorTrend: ({ groupId, ...asked }) =>
    Promise.resolve(trendOf(asked, groupId === null ? 400 : Number(groupId.at(-1)) || 30)),
  listOccurrences: () =>
    Promise.resolve({
      occurrences: [LATEST, occurrenceOf({ userId: null, traceId: null }), occurrenceOf()],
      next: null,
    }),
  readErrorStatistics: ({ window }) =>
    Promise.resolve({
      window,
      groupCount: 27,
      unresolvedCount: 21,
      newCount: 4,
      occurrenceCount: 103_556,
      severeCount: 99_000,
      unhandledCount: 311,
      userCount: 2_402,
      byClass: [],
      byModule: [],
      byService: [
        { name: 'payments', count: 12_480 },
        { name: 'orders', count: 90_000 },
      ],
      byState: [],
    }),
  countUnresolved: () =>
    Promise.resolve([
      { tenant: '', environment: 'production', namespace: 'shop', service: 'payments', count: 3 },
    ]),
  listSimilarErrors: () =>
    Promise.resolve(GROUPS.slice(1, 3).map((each) => ({ ...each, shared: 2 }))),
  readErrorsOfTraces: () => Promise.resolve([LATEST]),
}

/** The text a reader sees: tags gone, escapes read. */
export function textOf(page: string): string {
  return page
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/ (?=[,.;])/g, '')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}
