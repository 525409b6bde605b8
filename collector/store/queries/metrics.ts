import type { Pool } from 'pg'
import { readMetricCatalogue, readMetricVariants, type CatalogueQuestion } from './metric/catalogue'
import type { MetricQuestion } from './metric/question'
import { readMetricValues } from './metric/values'

/**
 * The questions about metrics, asked of `pool`. Each throws Unavailable when Postgres is away or too slow; values are refused
 * with BadData when too many series are asked about.
 */
export function createMetricQueries(pool: Pool) {
  return {
    readMetricCatalogue: (question: CatalogueQuestion) => readMetricCatalogue(pool, question),
    readMetricVariants: (question: Parameters<typeof readMetricVariants>[1]) =>
      readMetricVariants(pool, question),
    readMetricValues: (question: MetricQuestion) => readMetricValues(pool, question),
  }
}
