import type { Reading } from '../read'
import type { FigureFilter } from './question'
import type { Narrowing } from './statement'

const SERVICE_IDS = `
select id::text from sidelight.service where ($1::text is null or tenant = $1) and ($2::text is null or name = $2)`

const OPERATION_IDS = `
select operation.id::text from sidelight.operation join sidelight.service on service.id = operation.service_id
where ($1::text is null or service.tenant = $1) and ($2::text is null or service.name = $2)
  and ($3::text is null or operation.module = $3) and ($4::text is null or operation.name = $4)`

/** The ids of what a filter names, null when that is everything. */
export async function selectIds(
  { ask }: Pick<Reading, 'ask'>,
  { tenant, service, module, operation }: FigureFilter,
): Promise<Narrowing | null> {
  const ids = async (text: string, values: (string | null)[]) =>
    (await ask<{ id: string }>({ text, values })).map(({ id }) => id)
  if (module !== null || operation !== null) {
    const found = await ids(OPERATION_IDS, [tenant, service, module, operation])
    return { column: 'operation_id', ids: found }
  }
  if (tenant === null && service === null) return null
  return { column: 'service_id', ids: await ids(SERVICE_IDS, [tenant, service]) }
}

/** What the dictionaries say of a service or operation; null where it is told apart by less. */
export interface Names {
  readonly tenant: string | null
  readonly environment: string | null
  readonly namespace: string | null
  readonly service: string | null
  readonly module: string | null
  readonly operation: string | null
  readonly kind: number | null
}

interface NamesRow extends Names {
  readonly id: string
}

const SERVICES = `
select id::text, tenant, environment, namespace, name as service, null as module, null as operation, null as kind
from sidelight.service where id = any($1::bigint[])`

const OPERATIONS = `
select operation.id::text, service.tenant, service.environment, service.namespace, service.name as service,
  operation.module, operation.name as operation, operation.kind
from sidelight.operation left join sidelight.service on service.id = operation.service_id
where operation.id = any($1::bigint[])`

/** The names of these services or operations by their ids. */
export async function readNames(
  { ask }: Pick<Reading, 'ask'>,
  key: 'service_id' | 'operation_id',
  ids: readonly string[],
): Promise<ReadonlyMap<string, Names>> {
  const text = key === 'service_id' ? SERVICES : OPERATIONS
  const rows = await ask<NamesRow>({ text, values: [ids] })
  return new Map(rows.map(({ id, ...names }) => [id, names]))
}
