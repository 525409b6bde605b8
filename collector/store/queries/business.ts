import type { Pool } from 'pg'
import { type BusinessQuestion, listBusinessEvents } from './business/events'
import { readBusinessSeries, type SeriesQuestion } from './business/series'
import { type CostQuestion, readCosts } from './business/costs'

/** The questions about costs and business events, asked of `pool`. */
export function createBusinessQueries(pool: Pool) {
  return {
    readCosts: (question: CostQuestion) => readCosts(pool, question),
    listBusinessEvents: (question: BusinessQuestion) => listBusinessEvents(pool, question),
    readBusinessSeries: (question: SeriesQuestion) => readBusinessSeries(pool, question),
  }
}
