/** What is searched: a table with a service, under the name its conditions know it by. */
export interface Searched {
  readonly table: 'span' | 'log_record'
  readonly alias: 'span' | 'log'
}

/** The rows that fulfil the conditions and whose service does (`service`, null for all), each service by its index. */
export function byService(
  { table, alias }: Searched,
  conditions: readonly string[],
  service: string | null,
  ordered: string,
): string {
  return `
  select ${alias}.* from sidelight.service cross join lateral (
    select ${alias}.*, ${alias}.ctid as place from sidelight.${table} as ${alias}
    where ${[`${alias}.service_id = service.id`, ...conditions].join(' and ')}
    ${ordered.replaceAll(`${alias}.place`, `${alias}.ctid`)}
  ) as ${alias}
  ${service === null ? '' : `where ${service}`}
  ${ordered}`
}

/** The same rows, of all services together. */
export function allAtOnce(
  { table, alias }: Searched,
  conditions: readonly string[],
  service: string | null,
  ordered: string,
): string {
  return `
  select ${alias}.*, ${alias}.ctid as place from sidelight.${table} as ${alias}
  where ${[...conditions, ...ofServices(alias, service)].join(' and ')}
  ${ordered.replaceAll(`${alias}.place`, `${alias}.ctid`)}`
}

/** The condition of the service as one of rows; none without it. */
export function ofServices(alias: Searched['alias'], condition: string | null): readonly string[] {
  if (condition === null) return []
  return [`${alias}.service_id in (select service.id from sidelight.service where ${condition})`]
}
