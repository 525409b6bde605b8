import { declare, GIB, KIB, MIB } from './key'
import { bytes, wholeNumber } from './value'

/** How much of what arrives is taken and kept, in the order it is shown. */
export const LIMIT_KEYS = {
  maxBodyBytes: declare({
    env: 'SIDELIGHT_MAX_BODY_BYTES',
    path: 'limits.max_body_bytes',
    type: bytes(64 * KIB, GIB),
    fallback: 64 * MIB,
    unit: 'bytes',
    description: 'The largest export request, after decompression; larger ones are answered 413',
  }),
  maxResponseBytes: declare({
    env: 'SIDELIGHT_MAX_RESPONSE_BYTES',
    path: 'limits.max_response_bytes',
    type: bytes(KIB, 64 * MIB),
    fallback: 4 * MIB,
    unit: 'bytes',
    description:
      'The largest answer to an export request; the reasons of rejections are cut to fit',
  }),
  admissionBytes: declare({
    env: 'SIDELIGHT_ADMISSION_BYTES',
    path: 'limits.admission_bytes',
    type: bytes(MIB, 64 * GIB),
    fallback: 128 * MIB,
    unit: 'bytes',
    description:
      'The memory all export requests in flight may hold together; what does not fit is answered 503. At least twice the largest request',
  }),
  maxAttributes: declare({
    env: 'SIDELIGHT_MAX_ATTRIBUTES',
    path: 'limits.max_attributes',
    type: wholeNumber(1, 1_000_000),
    fallback: 1024,
    unit: 'attributes',
    description:
      'The most attributes of a span, event, link, log record, data point, resource or scope that are kept; further ones are added to its dropped attributes count',
  }),
  maxAttributeBytes: declare({
    env: 'SIDELIGHT_MAX_ATTRIBUTE_BYTES',
    path: 'limits.max_attribute_bytes',
    type: bytes(1, GIB),
    fallback: 256 * KIB,
    unit: 'bytes',
    description: 'The longest string or bytes value in an attribute; longer ones are cut',
  }),
  maxOperations: declare({
    env: 'SIDELIGHT_MAX_OPERATIONS',
    path: 'limits.max_operations',
    type: wholeNumber(1, 100_000),
    fallback: 5000,
    unit: 'operations',
    description:
      'The most operations of a service and day; spans of further ones share one operation and keep their names',
  }),
  maxResources: declare({
    env: 'SIDELIGHT_MAX_RESOURCES',
    path: 'limits.max_resources',
    type: wholeNumber(1, 100_000),
    fallback: 5000,
    unit: 'resources',
    description:
      'The most resources of a service and day; spans of further ones share one that says which service it is',
  }),
  maxScopes: declare({
    env: 'SIDELIGHT_MAX_SCOPES',
    path: 'limits.max_scopes',
    type: wholeNumber(1, 100_000),
    fallback: 1000,
    unit: 'scopes',
    description:
      'The most instrumentation scopes of a service and day; spans of further ones share one',
  }),
  maxSeries: declare({
    env: 'SIDELIGHT_MAX_SERIES',
    path: 'limits.max_series',
    type: wholeNumber(1, 1_000_000),
    fallback: 20_000,
    unit: 'series',
    description:
      'The most metric series of a service and day; data points of further ones share one a metric, marked `otel.metric.overflow`, and keep their attributes',
  }),
  maxErrors: declare({
    env: 'SIDELIGHT_MAX_ERRORS',
    path: 'limits.max_errors',
    type: wholeNumber(1, 1_000_000),
    fallback: 5000,
    unit: 'errors',
    description:
      'The most different errors of a service and day that are told apart; further ones are counted as one, `(overflow)`',
  }),
  maxErrorsOverall: declare({
    env: 'SIDELIGHT_MAX_ERRORS_OVERALL',
    path: 'limits.max_errors_overall',
    type: wholeNumber(1, 1_000_000),
    fallback: 50_000,
    unit: 'errors',
    description: 'The same for the errors of all services together',
  }),
  maxCatalogueEntries: declare({
    env: 'SIDELIGHT_MAX_CATALOGUE_ENTRIES',
    path: 'limits.max_catalogue_entries',
    type: wholeNumber(1, 1_000_000),
    fallback: 50_000,
    unit: 'entries',
    description:
      'The most different webhooks, rules, API resources and statuses, rate limits, business events and users with costs of a service and day; events of further ones count for one of each kind, `(overflow)`',
  }),
} as const
