import type { Attributes } from '@opentelemetry/api'

/** What was thrown as the attributes of an exception (semantic conventions, exceptions), losslessly. */
export type DescribeError = (thrown: unknown) => Attributes
