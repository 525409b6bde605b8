import type { Pool } from 'pg'
import { readEdges } from './figure/edges'
import { readFigures } from './figure/figures'
import type { FigureQuestion, Range } from './figure/question'

/** The questions about what spans add up to, asked of `pool`. Each throws Unavailable when Postgres is away or too slow. */
export function createFigureQueries(pool: Pool) {
  return {
    readFigures: (question: FigureQuestion) => readFigures(pool, question),
    readEdges: (question: { readonly window: Range; readonly tenant: string | null }) =>
      readEdges(pool, question),
  }
}
