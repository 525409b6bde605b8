import type { Values } from '../log-filter'

/** What narrows a question about business events; null: everything. */
export interface BusinessFilter {
  readonly tenant: string | null
  readonly name: string | null
  readonly status: string | null
  readonly service: string | null
}

/** As the helper and the view `business_events` name the outcome of an event. */
export const STATUS = `case catalogue.detail when 'succeeded' then 'completed' else catalogue.detail end`

/** The conditions on `catalogue` and `service`, by which events are told. */
export function businessConditions(filter: BusinessFilter, values: Values): string[] {
  const { tenant, name, status, service } = filter
  const asked = [
    ['catalogue.tenant', tenant],
    ['catalogue.subject', name],
    ['catalogue.detail', status === 'completed' ? 'succeeded' : status],
    ['service.name', service],
  ] as const
  const narrowing = asked.filter(([, value]) => value !== null)
  return [
    `catalogue.kind = 'business'`,
    ...narrowing.map(([column, value]) => `${column} = ${values.bind(value)}`),
  ]
}
