import { declare } from './key'
import { resourceAttributes } from './resource'
import { choice, wholeNumber } from './value'

/** The metrics of the machine and the container, in the order they are shown. */
export const HOST_KEYS = {
  hostMetrics: declare<'on' | 'off'>({
    env: 'SIDELIGHT_HOST_METRICS',
    path: 'host_metrics.enabled',
    type: choice('on', 'off'),
    fallback: 'on',
    description:
      '`on` stores `system.*` and `container.*` metrics of where the collector runs, with the role `ingest`',
  }),
  hostMetricsIntervalMs: declare({
    env: 'SIDELIGHT_HOST_METRICS_INTERVAL_MS',
    path: 'host_metrics.interval_ms',
    type: wholeNumber(1000, 3_600_000),
    fallback: 15_000,
    unit: 'ms',
    description: 'How often they are read and stored',
  }),
  resourceAttributes: declare<Readonly<Record<string, string>>>({
    env: 'OTEL_RESOURCE_ATTRIBUTES',
    path: 'host_metrics.resource',
    type: resourceAttributes(),
    fallback: {},
    // Resource SDK, Specifying resource information via an environment variable: on an error the value is discarded.
    isShared: true,
    description:
      'What they say of where they come from, such as `k8s.pod.name`; their `service.*` is always of Sidelight',
  }),
} as const
