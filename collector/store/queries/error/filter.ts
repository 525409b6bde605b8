import { type ErrorFilter, ERROR_STATES } from './question'
import { contains, type Values } from '../log-filter'

/** Whether a filter is about more than the rollups: about what the dictionary or people say of a group. */
export function isAboutGroups({ service, states, text, assignee }: ErrorFilter): boolean {
  return service !== null || asksForStates(states) || text !== null || assignee !== null
}

/**
 * The conditions on a hash as `h` and what was decided about its group as `g`. A text may be in any hash of the group, whose
 * tenant and service are the same for all of them.
 */
export function groupConditions(filter: ErrorFilter, values: Values): string[] {
  const { tenant, service, states, text, assignee } = filter
  const conditions: string[] = []
  if (tenant !== null) conditions.push(`h.tenant = ${values.bind(tenant)}`)
  if (service !== null) conditions.push(`h.service = ${values.bind(service)}`)
  if (asksForStates(states)) {
    const state = hasNew(states) ? `coalesce(g.state, 'new')` : 'g.state'
    conditions.push(`${state} = any(${values.bind(states)}::text[])`)
  }
  if (assignee !== null) conditions.push(`g.assignee = ${values.bind(assignee)}`)
  if (text !== null) {
    const own = containsAny('h', text, values)
    const others = containsAny('m', text, values)
    // Of merged groups alone, which are few, every hash is looked at.
    conditions.push(`(${own} or h.group_id in (
      select m.group_id from sidelight.error_group_hash x
      join sidelight.error_group_hash m on m.group_id = x.group_id
      where x.id <> x.group_id and (${others})))`)
  }
  return conditions
}

const TOLD = ['class', 'code', 'message', 'culprit'] as const

/** Whether one of what is told of a hash has the text; of letters of ASCII, which are compared fast, all in one go. */
function containsAny(hash: string, text: string, values: Values): string {
  const columns = TOLD.map((column) => `${hash}.${column}`)
  if (!/^[\x20-\x7e]*$/.test(text)) {
    return columns.map((column) => contains(column, text, values)).join(' or ')
  }
  const all = columns.map((column) => `coalesce(${column}, '')`).join(` || E'\\n' || `)
  return `position(${values.bind(text.toLowerCase())} in lower((${all}) collate "C")) > 0`
}

/** The join `groupConditions` may need; empty where it does not. `isOfFew`: the groups are looked up one by one. */
export function groupJoin({ states, assignee }: ErrorFilter, isOfFew = false): string {
  if (!asksForStates(states) && assignee === null) return ''
  const kind = assignee === null && hasNew(states) ? 'left join' : 'join'
  if (!isOfFew) return `${kind} sidelight.error_group g on g.id = h.group_id`
  return `${kind} lateral (
    select g.state, g.assignee from sidelight.error_group g where g.id = h.group_id offset 0) as g on true`
}

/** `where` and the conditions; empty without any. */
export function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`
}

/** A group of which nothing is noted is new. */
function hasNew(states: ErrorFilter['states']): boolean {
  return states.includes('new')
}

function asksForStates(states: ErrorFilter['states']): boolean {
  return states.length > 0 && new Set(states).size < ERROR_STATES.length
}
