import type { FigureAnswer, FigureQuestion, Figures } from '../../collector/api/figure-contract'
import { counted } from '../health/figures'
import { buildApi, NOW_MS } from './server'

export const MINUTE_MS = 60_000

/** ISO, so many minutes before now. */
export const ago = (minutes: number) => new Date(NOW_MS - minutes * MINUTE_MS).toISOString()

export function figuresOf(
  service: string,
  of = counted(100),
  sinceMs = NOW_MS - 5 * MINUTE_MS,
): Figures {
  return {
    tenant: '',
    environment: 'production',
    namespace: '',
    service,
    module: null,
    operation: null,
    kind: null,
    sinceMs,
    ...of,
    rootCount: 0,
    firstSeenMs: sinceMs,
    lastSeenMs: sinceMs,
    slowestTraceId: null,
    errorTraceId: null,
    randomTraceId: null,
  }
}

/** The same in each of the last minutes. */
export function minutesOf(service: string, count: number, of = counted(100)): Figures[] {
  return Array.from({ length: count }, (_, index) =>
    figuresOf(service, of, NOW_MS - (count - index) * MINUTE_MS),
  )
}

/** An API over figures; `asked` has the questions. */
export function buildFigures(
  t: { teardown(fn: () => Promise<void>): void },
  answer: (question: FigureQuestion) => Partial<FigureAnswer>,
  overrides: Parameters<typeof buildApi>[1] = {},
) {
  const asked: FigureQuestion[] = []
  const { app } = buildApi(t, {
    ...overrides,
    queries: {
      ...overrides.queries,
      readFigures(question) {
        asked.push(question)
        const { window, stepMs } = question
        return Promise.resolve({ window, stepMs, figures: [], gaps: [], ...answer(question) })
      },
    },
  })
  return { app, asked }
}
