import { context } from '@opentelemetry/api'
import type { ExportResult } from '@opentelemetry/core'
import { ExportResultCode, suppressTracing } from '@opentelemetry/core'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'

export interface OutboxLimits {
  /** Spans kept while the collector cannot take them; beyond it the oldest batch goes. */
  readonly maxSpans: number
  /** Pause before a batch that could not be delivered is tried again. */
  readonly retryDelayMs: number
}

/**
 * Keeps batches while the collector is away, and delivers them in order, one at a time. Its timers do not keep the
 * application alive, which those of the batch processor and of the OTLP exporter would do for up to 30 s: a
 * batch is taken at once, and an exporter with a short deadline does the sending.
 */
export class Outbox implements SpanExporter {
  #exporter: SpanExporter
  readonly #limits: OutboxLimits
  readonly #onFailure: (error: Error) => void
  readonly #waiting: ReadableSpan[][] = []
  #spanCount = 0
  #delivery: Promise<void> | undefined
  #retryTimer: NodeJS.Timeout | undefined

  /** `onFailure` hears why a batch could not be delivered, whether it is kept for another try or lost. */
  constructor(exporter: SpanExporter, limits: OutboxLimits, onFailure: (error: Error) => void) {
    this.#exporter = exporter
    this.#limits = limits
    this.#onFailure = onFailure
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#waiting.push(spans)
    this.#spanCount += spans.length
    while (this.#spanCount > this.#limits.maxSpans && this.#waiting.length > 1) this.#dropOldest()
    if (this.#retryTimer === undefined) void this.#deliver()
    done({ code: ExportResultCode.SUCCESS })
  }

  /** Delivers through another exporter from the next batch on. */
  useExporter(exporter: SpanExporter): void {
    this.#exporter = exporter
  }

  /** Resolves when nothing is left or a batch has failed; never rejects. */
  async forceFlush(): Promise<void> {
    // A delivery under way goes on until nothing is left, too.
    await (this.#delivery ?? this.#deliver())
  }

  async shutdown(): Promise<void> {
    await this.forceFlush()
    clearTimeout(this.#retryTimer)
    await this.#exporter.shutdown()
  }

  async #deliver(): Promise<void> {
    if (this.#delivery !== undefined || this.#waiting.length === 0) return
    this.#delivery = this.#deliverWaiting()
    await this.#delivery
  }

  async #deliverWaiting(): Promise<void> {
    clearTimeout(this.#retryTimer)
    this.#retryTimer = undefined
    for (let batch = this.#waiting[0]; batch !== undefined; batch = this.#waiting[0]) {
      const error = await exportBatch(this.#exporter, batch)
      if (error !== undefined) this.#onFailure(error)
      if (error !== undefined && isTemporary(error)) {
        this.#retryTimer = setTimeout(() => {
          void this.#deliver()
        }, this.#limits.retryDelayMs).unref()
        break
      }
      // It may have been dropped meanwhile, as the oldest.
      if (this.#waiting[0] === batch) this.#dropOldest()
    }
    this.#delivery = undefined
  }

  #dropOldest(): void {
    this.#spanCount -= this.#waiting.shift()?.length ?? 0
  }
}

/** The error, or undefined when the collector took the batch. The exporter's own requests are not traced. */
function exportBatch(exporter: SpanExporter, batch: ReadableSpan[]): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const settle = ({ code, error }: ExportResult): void => {
      resolve(code === ExportResultCode.SUCCESS ? undefined : (error ?? new Error('export failed')))
    }
    try {
      context.with(suppressTracing(context.active()), () => {
        exporter.export(batch, settle)
      })
    } catch (error) {
      resolve(error instanceof Error ? error : new Error(String(error)))
    }
  })
}

/**
 * A network error (its code is a name), a time-out, or an answer that asks for a retry (the exporter gives no code): try
 * again. An HTTP status is final: the exporter retries 429, 502, 503 and 504 itself and reports them without one.
 */
function isTemporary(error: Error): boolean {
  if ('code' in error && typeof error.code === 'string') return true
  return /retryable|timed out/i.test(error.message)
}
