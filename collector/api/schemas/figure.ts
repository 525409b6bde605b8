import { Type, type Static } from 'typebox'
import { closed, count, orNull, text } from './field'

/** What answers from rollups say of themselves. */
export const windowFields = {
  window: closed(
    { since: Type.String(), until: Type.String() },
    { description: 'Whole minutes, and whole hours where minutes are not kept any more' },
  ),
  gaps: Type.Array(Type.String(), {
    description: 'Why figures may still change or lack something; empty when they are complete',
  }),
}

/** What a group of spans adds up to. */
export const figureFields = {
  count: count('Spans received'),
  errorCount: count('Those with status error, or SERVER with an HTTP status from 500 on'),
  errorRate: orNull<number>(
    'number',
    'Percent; null without spans. Sampled spans weigh as many as they stand for',
  ),
  ratePerSecond: Type.Number({ minimum: 0, description: 'Sampled spans weigh likewise' }),
  durationMs: closed({
    avg: orNull<number>('number', 'null without a known duration'),
    p50: orNull<number>('number', 'Median; percentiles are within 2.2 % of exact'),
    p95: orNull<number>('number', '95th percentile'),
    p99: orNull<number>('number', '99th percentile'),
    min: orNull<number>('number', 'Fastest'),
    max: orNull<number>('number', 'Slowest'),
  }),
  slowestTraceId: orNull<string>('string', 'A trace to look at, 32 hex digits'),
  errorTraceId: orNull<string>('string', 'A trace with a failure, 32 hex digits'),
}

/** What a service is told by. */
export const serviceFields = {
  tenant: text('Empty for none'),
  environment: text('deployment.environment.name'),
  namespace: text('service.namespace'),
  service: text('service.name'),
}

/** What a group is told by; null where the question does not tell such apart. */
export const identityFields = {
  ...serviceFields,
  module: orNull<string>('string', 'The module attribute, else the name of the scope'),
  operation: orNull<string>('string', 'Name of the spans'),
  kind: orNull<string>('string', 'internal, server, client, producer or consumer'),
  lastSeen: text('The minute or hour in which the last one ended'),
}

const Service = closed({
  ...serviceFields,
  firstSeen: text('In the window: the minute or hour in which its first span ended'),
  lastSeen: text('In the window: the minute or hour in which its last span ended'),
  spanCount: count(
    'Spans of any kind; the figures are of requests: SERVER and CONSUMER spans and INTERNAL roots',
  ),
  ...figureFields,
})
export type Service = Static<typeof Service>

/** The services of a window. */
export const Services = closed(
  { ...windowFields, services: Type.Array(Service, { description: 'By name' }) },
  { description: 'Services that sent spans' },
)

/** The operations of a window. */
export const Operations = closed(
  {
    ...windowFields,
    operations: Type.Array(closed({ ...identityFields, ...figureFields }), {
      description: 'Those with the most spans first',
    }),
    truncated: Type.Boolean({ description: 'There are more than the limit' }),
  },
  { description: 'Operations, with what their spans add up to' },
)

/** Who calls whom. */
export const ServiceMap = closed(
  {
    ...windowFields,
    nodes: Type.Array(
      closed({ service: text('Whatever its environment and namespace'), ...figureFields }),
      { description: 'By name, with figures of their requests' },
    ),
    edges: Type.Array(
      closed({
        client: text('service.name of the caller'),
        server: text('service.name of the one called'),
        count: count('Calls received'),
        errorCount: count('Calls that failed, as the one called says'),
        errorRate: orNull<number>('number', 'Percent; null without calls'),
        ratePerSecond: Type.Number({ minimum: 0 }),
        avgMs: orNull<number>('number', 'At the one called'),
        maxMs: orNull<number>('number', 'Likewise'),
      }),
    ),
    edgesWindow: windowFields.window,
  },
  { description: 'Services, and calls between them' },
)
