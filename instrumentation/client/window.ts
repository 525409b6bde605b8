/** The last so many hours, a whole number from 1. */
export type Hours = number

/** A query, of which hours alone may be given as a number. */
export function windowOf<Q extends object>(query: Hours | Q): Q | { readonly hours: number } {
  return typeof query === 'number' ? { hours: query } : query
}
