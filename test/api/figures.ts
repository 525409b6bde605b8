import type { FigureQueries, FigureQuestion, Figures } from '../../collector/api/figure-contract'
import { bucketIndexOf } from '../../collector/translate/distribution'
import { NOW_MS } from './server'

const MS = 1e6

/** Figures of spans that took so many milliseconds each; what is left out is of the gateway's only operation. */
export function figuresOf(durationsMs: readonly number[], fields: Partial<Figures> = {}): Figures {
  const ns = durationsMs.map((ms) => ms * MS).sort((a, b) => a - b)
  const sumNs = ns.reduce((sum, each) => sum + each, 0)
  return {
    tenant: '',
    environment: 'prod',
    namespace: 'shop',
    service: 'gateway',
    module: 'http',
    operation: 'GET /shop',
    kind: 'server',
    sinceMs: NOW_MS - 3_600_000,
    count: ns.length,
    errorCount: 0,
    rootCount: 0,
    adjustedCount: ns.length,
    adjustedErrorCount: 0,
    durations:
      ns.length === 0
        ? null
        : {
            minNs: ns[0]!,
            maxNs: ns.at(-1)!,
            sumNs,
            zeroCount: 0,
            indexes: [...new Set(ns.map(bucketIndexOf))],
            counts: [...new Set(ns.map(bucketIndexOf))].map(
              (index) => ns.filter((each) => bucketIndexOf(each) === index).length,
            ),
          },
    firstSeenMs: NOW_MS - 3_600_000,
    lastSeenMs: NOW_MS - 60_000,
    slowestTraceId: 'a'.repeat(32),
    errorTraceId: null,
    randomTraceId: null,
    ...fields,
  }
}

/** Answers every question with these figures, and keeps what was asked. */
export function fakeFigures(answer: (question: FigureQuestion) => readonly Figures[]) {
  const asked: FigureQuestion[] = []
  const readFigures: FigureQueries['readFigures'] = (question) => {
    asked.push(question)
    const { window, stepMs } = question
    return Promise.resolve({ window, stepMs, figures: answer(question), gaps: ['a gap'] })
  }
  return { asked, readFigures }
}
