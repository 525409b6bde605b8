import type { Pool } from 'pg'
import { countFatal, countThrows } from './error/counts'
import { readError } from './error/detail'
import { listErrors } from './error/list'
import { listOccurrences, readErrorsOfTraces } from './error/occurrences'
import { listRepeated } from './error/repeated'
import { listSimilarErrors } from './error/similar'
import { readErrorStatistics } from './error/statistics'
import { readErrorTrend } from './error/trend'
import { countUnresolved } from './error/unresolved'

/** The questions about errors, asked of `pool`. Each throws Unavailable when Postgres is away or too slow. */
export function createErrorQueries(pool: Pool) {
  return {
    listErrors: (question: Parameters<typeof listErrors>[1]) => listErrors(pool, question),
    readError: (question: Parameters<typeof readError>[1]) => readError(pool, question),
    listOccurrences: (question: Parameters<typeof listOccurrences>[1]) =>
      listOccurrences(pool, question),
    readErrorStatistics: (question: Parameters<typeof readErrorStatistics>[1]) =>
      readErrorStatistics(pool, question),
    readErrorTrend: (question: Parameters<typeof readErrorTrend>[1]) =>
      readErrorTrend(pool, question),
    countUnresolved: (question: Parameters<typeof countUnresolved>[1]) =>
      countUnresolved(pool, question),
    listSimilarErrors: (question: Parameters<typeof listSimilarErrors>[1]) =>
      listSimilarErrors(pool, question),
    readErrorsOfTraces: (question: Parameters<typeof readErrorsOfTraces>[1]) =>
      readErrorsOfTraces(pool, question),
    countThrows: (question: Parameters<typeof countThrows>[1]) => countThrows(pool, question),
    countFatal: (question: Parameters<typeof countFatal>[1]) => countFatal(pool, question),
    listRepeated: (question: Parameters<typeof listRepeated>[1]) => listRepeated(pool, question),
  }
}
