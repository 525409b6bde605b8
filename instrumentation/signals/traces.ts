import { type Context, trace, TraceFlags } from '@opentelemetry/api'
import {
  type ReadableSpan,
  type Span,
  type SpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { keepWholeExceptions } from '../errors/spans'
import { readBodyLimits, readSpanLimits } from '../process/limits'
import { stampSpan } from '../process/request-context'
import { readSampler } from '../process/sampler'
import { BodyBuilder } from '../wire/body'
import { writeSpan } from '../wire/span'
import type { Parts, Sealed } from './contract'
import { ids } from './ids'

/** Registers a tracer provider whose spans are encoded when they end. */
export function startTraces({ env, resource, put, flush }: Parts): Sealed {
  const bodies = new BodyBuilder('traces', resource, readBodyLimits('BSP', env), put)
  const processor = new EncodingProcessor(bodies, flush)
  const provider = new TracerProvider({
    resource,
    sampler: readSampler(env),
    spanLimits: readSpanLimits(env),
    spanProcessors: [processor],
    idGenerator: ids,
  })
  trace.setGlobalTracerProvider(provider)
  return bodies
}

class EncodingProcessor implements SpanProcessor {
  readonly #bodies: BodyBuilder
  readonly #flush: () => Promise<void>
  #knowsClass = false

  constructor(bodies: BodyBuilder, flush: () => Promise<void>) {
    this.#bodies = bodies
    this.#flush = flush
  }

  /** The class of spans is not exported, so the first one tells it. */
  onStart(span: Span, parent: Context): void {
    stampSpan(span, parent)
    if (this.#knowsClass) return
    this.#knowsClass = true
    keepWholeExceptions(span)
  }

  onEnd(span: ReadableSpan): void {
    // A sampler may have a span recorded only for those who read it in the process.
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return
    this.#bodies.add(span.instrumentationScope, span, writeSpan)
  }

  forceFlush(): Promise<void> {
    return this.#flush()
  }

  shutdown(): Promise<void> {
    return this.#flush()
  }
}
