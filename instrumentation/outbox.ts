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
  readonly #exporter: SpanExporter
  readonly #limits: OutboxLimits
  readonly #onLoss: (error: Error) => void
  readonly #waiting: ReadableSpan[][] = []
  #spanCount = 0
  #delivery: Promise<void> | undefined
  #retryTimer: NodeJS.Timeout | undefined

  /** `onLoss` hears of the first failure of every delivery, whether the spans are kept or lost. */
  constructor(exporter: SpanExporter, limits: OutboxLimits, onLoss: (error: Error) => void) {
    this.#exporter = exporter
    this.#limits = limits
    this.#onLoss = onLoss
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#waiting.push(spans)
    this.#spanCount += spans.length
    while (this.#spanCount > this.#limits.maxSpans && this.#waiting.length > 1) this.#dropOldest()
    if (this.#retryTimer === undefined) void this.#deliver(this.#exporter)
    done({ code: ExportResultCode.SUCCESS })
  }

  async forceFlush(): Promise<void> {
    await this.deliverNow(this.#exporter)
  }

  /** Delivers what waits through the given exporter until nothing is left or a batch fails. Never rejects. */
  async deliverNow(exporter: SpanExporter): Promise<void> {
    await this.#delivery
    await this.#deliver(exporter)
  }

  async shutdown(): Promise<void> {
    await this.forceFlush()
    clearTimeout(this.#retryTimer)
    await this.#exporter.shutdown()
  }

  #deliver(exporter: SpanExporter): Promise<void> {
    this.#delivery ??= this.#deliverWaiting(exporter).finally(() => {
      this.#delivery = undefined
    })
    return this.#delivery
  }

  async #deliverWaiting(exporter: SpanExporter): Promise<void> {
    clearTimeout(this.#retryTimer)
    this.#retryTimer = undefined
    for (let batch = this.#waiting[0]; batch !== undefined; batch = this.#waiting[0]) {
      const error = await exportBatch(exporter, batch)
      if (error !== undefined) this.#onLoss(error)
      if (error !== undefined && isTemporary(error)) {
        this.#retryTimer = setTimeout(() => {
          void this.#deliver(this.#exporter)
        }, this.#limits.retryDelayMs).unref()
        return
      }
      // It may have been dropped meanwhile, as the oldest.
      if (this.#waiting[0] === batch) this.#dropOldest()
    }
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
