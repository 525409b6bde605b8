import type { Pool } from 'pg'
import { DAY_MS, HOUR_MS } from '../../clock'
import { Values } from '../log-filter'
import { read } from '../read'

/** Unix milliseconds: `sinceMs` included, `untilMs` not. */
interface Range {
  readonly sinceMs: number
  readonly untilMs: number
}

/** A question about costs; null: everything. */
export interface CostQuestion {
  readonly window: Range
  readonly tenant: string | null
  readonly user: string | null
  readonly endpoint: string | null
  readonly service: string | null
  readonly by: readonly (keyof typeof GROUPS)[]
  readonly order: keyof typeof ORDERS
  readonly limit: number
}

/** What costs are told apart by. */
const GROUPS = {
  user: 'c.subject',
  endpoint: 'c.detail',
  day: `date_trunc('day', r.bucket, 'UTC')`,
  service: `coalesce(service.name, '')`,
  tenant: 'c.tenant',
} as const

/** How a group is written, where it is no text. */
const TEXTS = { day: `to_char(${GROUPS.day} at time zone 'UTC', 'YYYY-MM-DD')` } as const

const ORDERS = { cost: '"costUsd" desc', count: '"count" desc', day: '"day"' } as const

/** Costs of a window of whole hours, in all and by group. */
export async function readCosts(pool: Pool, question: CostQuestion) {
  const window = {
    sinceMs: Math.floor(question.window.sinceMs / HOUR_MS) * HOUR_MS,
    untilMs: Math.ceil(question.window.untilMs / HOUR_MS) * HOUR_MS,
  }
  const values = new Values()
  const text = costStatement({ ...question, window }, values)
  const rows = await read<CostRow>(pool, { what: 'costs', text, values: values.list })
  const [{ totalUsd, totalCount, groupCount } = NOTHING] = rows
  const costs = rows.map(({ user, endpoint, day, service, tenant, costUsd, count }) => {
    return { user, endpoint, day, service, tenant, costUsd, count }
  })
  return { window, totalUsd, count: totalCount, groupCount, costs }
}

const NOTHING = { totalUsd: 0, totalCount: 0, groupCount: 0 }

interface CostRow {
  readonly user: string | null
  readonly endpoint: string | null
  readonly day: string | null
  readonly service: string | null
  readonly tenant: string | null
  readonly costUsd: number
  readonly count: number
  readonly totalUsd: number
  readonly totalCount: number
  readonly groupCount: number
}

/** Sums go through `numeric`, which has 15 digits of a double: 0.1 and 0.2 are 0.3 to whoever pays. */
function costStatement(question: CostQuestion, values: Values): string {
  const { by, order, limit } = question
  const names = Object.keys(GROUPS) as (keyof typeof GROUPS)[]
  const columns = names.map(
    (name) => `${by.includes(name) ? { ...GROUPS, ...TEXTS }[name] : 'null::text'} as "${name}"`,
  )
  const keys = by.map((name) => GROUPS[name])
  return `
select ${columns.join(', ')}, sum(r.amount)::numeric::float8 as "costUsd", sum(r.event_count)::float8 as "count",
  (sum(sum(r.amount)) over ())::numeric::float8 as "totalUsd", (sum(sum(r.event_count)) over ())::float8 as "totalCount",
  (count(*) over ())::float8 as "groupCount"
from sidelight.event_rollup r
join sidelight.catalogue c on c.id = r.catalogue_id
left join sidelight.service on service.id = r.service_id
where (${levels(question.window, values).join(' or ')})
  and ${conditions(question, values).join(' and ')}
${keys.length === 0 ? 'having count(*) > 0' : `group by ${keys.join(', ')}`}
order by ${[ORDERS[order], '"costUsd" desc', ...by.map((name) => `"${name}"`)].join(', ')}
limit ${values.bind(limit)}`
}

function conditions(question: CostQuestion, values: Values): string[] {
  const { tenant, user, endpoint, service } = question
  const asked = [
    ['c.tenant', tenant],
    ['c.subject', user],
    ['c.detail', endpoint],
    ['service.name', service],
  ] as const
  const narrowing = asked.filter(([, value]) => value !== null)
  return [
    `c.kind = 'cost'`,
    ...narrowing.map(([column, value]) => `${column} = ${values.bind(value)}`),
  ]
}

/** Whole days are told by rows of days, hours before and after them by rows of hours, and all by what is not added to either yet. */
function levels(window: Range, values: Values): string[] {
  const days = {
    sinceMs: Math.ceil(window.sinceMs / DAY_MS) * DAY_MS,
    untilMs: Math.floor(window.untilMs / DAY_MS) * DAY_MS,
  }
  const within = (level: number, { sinceMs, untilMs }: Range) => {
    const [since, until] = [sinceMs, untilMs].map((ms) => values.bind(new Date(ms).toISOString()))
    return `(r.level = ${level} and r.bucket >= ${since}::timestamptz and r.bucket < ${until}::timestamptz)`
  }
  if (days.sinceMs >= days.untilMs) return [within(0, window), within(2, window)]
  return [
    within(0, window),
    within(2, { sinceMs: window.sinceMs, untilMs: days.sinceMs }),
    within(3, days),
    within(2, { sinceMs: days.untilMs, untilMs: window.untilMs }),
  ]
}
