import { type Attributes, SpanKind } from '@opentelemetry/api'
import { cutText, LONGEST, propertyOf } from './argument'
import { ATTRIBUTE, METRIC } from './attributes'
import { Bounded, OTHER } from './bounded'
import { DURATION_BUCKETS, lazyInstrument } from './instruments'
import { describer, type Metadata } from './metadata'
import { runInSpan, type SpanOptions, textOf } from './span'

export interface JobOptions {
  /** The part of the service. */
  readonly module?: string
  /** Attributes of the span; secrets are redacted. */
  readonly metadata?: Metadata
}

/**
 * Runs `fn`, a background task, in a span called `name`, and records how long it took and whether it succeeded in the
 * histogram `job.duration` (seconds, by `job.name`, `module` and `sidelight.outcome`). More than 500 jobs in a process are
 * `other` there. Result and errors are passed on unchanged.
 *
 * @example
 * import { trackJob } from 'sidelight'
 *
 * const sent = await trackJob('send newsletter', async () => 120, { module: 'mail' })
 * console.log(sent) // prints 120
 */
export function trackJob<T>(name: string, fn: () => T, options: JobOptions = {}): T {
  const module = propertyOf(options, 'module')
  const metadata = propertyOf(options, 'metadata') as Metadata | undefined
  const title = cutText(textOf(name), LONGEST.name)
  const attributes: Attributes = { [ATTRIBUTE.jobName]: title }
  if (module !== undefined) {
    attributes[ATTRIBUTE.module] = cutText(textOf(module), LONGEST.name)
  }
  const span: SpanOptions = { kind: SpanKind.INTERNAL, attributes, describe: describer(metadata) }
  const duration = jobDuration()
  if (duration === undefined) return runInSpan(name, span, () => fn())
  const startMs = performance.now()
  const settled = (isFailed: boolean): void => {
    const outcome = isFailed ? 'failed' : 'succeeded'
    const seconds = (performance.now() - startMs) / 1_000
    const job = JOBS.admit(`${title}\0${String(attributes[ATTRIBUTE.module])}`)
    const of: Attributes = { [ATTRIBUTE.jobName]: job === OTHER ? OTHER : title }
    if (module !== undefined && job !== OTHER) of[ATTRIBUTE.module] = attributes[ATTRIBUTE.module]
    of[ATTRIBUTE.outcome] = outcome
    duration.record(seconds, of)
  }
  return runInSpan(name, Object.assign(span, { settled }), () => fn())
}

const JOBS = new Bounded(500)

const jobDuration = lazyInstrument((meter) =>
  meter.createHistogram(METRIC.jobDuration, {
    unit: 's',
    description: 'How long background tasks took',
    advice: { explicitBucketBoundaries: DURATION_BUCKETS },
  }),
)
