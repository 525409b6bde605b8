import type { Attributes, Counter, Histogram } from '@opentelemetry/api'
import type { AnyValueMap } from '@opentelemetry/api-logs'
import {
  LONGEST,
  readFlag,
  readObject,
  readOptionalAmount,
  readOptionalText,
  readText,
} from './argument'
import { attempt } from './attempt'
import { ATTRIBUTE, EVENT, METRIC } from './attributes'
import { Bounded } from './bounded'
import { emitEvent, sendsEvents } from './emit'
import { DURATION_BUCKETS, lazyInstrument } from './instruments'
import { redactText } from './secret-texts'

/** A file or the like that was taken, or refused. */
export interface Upload {
  /** What it is, as `image/png` or `invoice`. */
  readonly type: string
  readonly sizeBytes?: number
  /** How long it took, milliseconds. */
  readonly durationMs?: number
  /** Where it came from, as `web` or `api`. */
  readonly source?: string
  readonly success: boolean
  /** Why it failed, in one of a few words, as `too_large`. */
  readonly reason?: string
}

/**
 * Tells of an upload: the business event `upload`, and the metrics `upload.attempts` by type, outcome and reason, `upload.size`
 * and `upload.duration` by type. More than 100 types or reasons in a process are `other` in metrics. Sizes and
 * durations that are no numbers of 0 or more are left out; without `success` nothing is sent. Never throws; does nothing
 * without an OpenTelemetry SDK.
 *
 * @example
 * import { trackUpload } from 'sidelight'
 *
 * trackUpload({ type: 'image/png', sizeBytes: 48_200, durationMs: 130, source: 'web', success: true })
 * trackUpload({ type: 'video/mp4', sizeBytes: 9e9, source: 'web', success: false, reason: 'too_large' })
 */
export function trackUpload(upload: Upload): void {
  attempt('trackUpload', () => {
    const instruments = currentInstruments()
    const isSent = sendsEvents()
    if (instruments === undefined && !isSent) return
    const known = readUpload(upload)
    if (known === undefined) return
    if (instruments !== undefined) measure(instruments, known)
    if (isSent) {
      emitEvent(EVENT.business, attributesOf(known), known.outcome === 'failed' ? 'warn' : 'info')
    }
  })
}

interface KnownUpload {
  readonly type: string
  readonly outcome: 'succeeded' | 'failed'
  readonly sizeBytes: number | undefined
  readonly durationMs: number | undefined
  readonly source: string | undefined
  readonly reason: string | undefined
}

function readUpload(upload: Upload): KnownUpload | undefined {
  const given = readObject('trackUpload', upload)
  const success = readFlag('trackUpload', 'success', given.success)
  if (success === undefined) return undefined
  const reason = success
    ? undefined
    : readOptionalText('trackUpload', 'reason', given.reason, LONGEST.text)
  return {
    type: readText('trackUpload', 'type', given.type) ?? UNKNOWN,
    outcome: success ? 'succeeded' : 'failed',
    sizeBytes: readOptionalAmount('trackUpload', 'sizeBytes', given.sizeBytes),
    durationMs: readOptionalAmount('trackUpload', 'durationMs', given.durationMs),
    source: readOptionalText('trackUpload', 'source', given.source),
    reason: reason === undefined ? undefined : redactText(reason),
  }
}

function attributesOf(upload: KnownUpload): AnyValueMap {
  const { type, outcome, sizeBytes, durationMs, source, reason } = upload
  const attributes: AnyValueMap = {
    [ATTRIBUTE.businessEvent]: 'upload',
    [ATTRIBUTE.outcome]: outcome,
    [ATTRIBUTE.uploadType]: type,
  }
  if (durationMs !== undefined) attributes[ATTRIBUTE.durationMs] = durationMs
  if (sizeBytes !== undefined) attributes[ATTRIBUTE.uploadSizeBytes] = sizeBytes
  if (source !== undefined) attributes[ATTRIBUTE.uploadSource] = source
  if (reason !== undefined) attributes[ATTRIBUTE.uploadReason] = reason
  return attributes
}

function measure({ attempts, size, duration }: Instruments, upload: KnownUpload): void {
  const { outcome, sizeBytes, durationMs, reason } = upload
  const type = TYPES.admit(upload.type)
  const counted: Attributes = { [ATTRIBUTE.uploadType]: type, [ATTRIBUTE.outcome]: outcome }
  if (reason !== undefined) counted[ATTRIBUTE.uploadReason] = REASONS.admit(reason)
  attempts.add(1, counted)
  if (sizeBytes === undefined && durationMs === undefined) return
  const measured: Attributes = { [ATTRIBUTE.uploadType]: type }
  if (sizeBytes !== undefined) size.record(sizeBytes, measured)
  if (durationMs !== undefined) duration.record(durationMs / 1000, measured)
}

const UNKNOWN = 'unknown'
const TYPES = new Bounded(100)
const REASONS = new Bounded(100)

interface Instruments {
  readonly attempts: Counter
  readonly size: Histogram
  readonly duration: Histogram
}

/** Of the SDK that is registered now; undefined while none is. */
const currentInstruments = lazyInstrument((meter): Instruments => {
  return {
    attempts: meter.createCounter(METRIC.uploadAttempts, { unit: '{upload}' }),
    size: meter.createHistogram(METRIC.uploadSize, {
      unit: 'By',
      advice: { explicitBucketBoundaries: SIZES },
    }),
    duration: meter.createHistogram(METRIC.uploadDuration, {
      unit: 's',
      advice: { explicitBucketBoundaries: DURATION_BUCKETS },
    }),
  }
})

const KIB = 1024
const MIB = 1024 * KIB
const SIZES = [KIB, 16 * KIB, 128 * KIB, MIB, 4 * MIB, 16 * MIB, 64 * MIB, 256 * MIB, 1024 * MIB]
