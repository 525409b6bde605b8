import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { sendLarge } from '../answer'
import {
  type BusinessQueries,
  COST_GROUPS,
  COST_ORDERS,
  type CostGroup,
  type CostOrder,
} from '../business-contract'
import { describeWindow } from '../figures'
import { problems } from '../openapi'
import { choice, limitParameter, questionQuery, someText } from '../parameters'
import { BadParameters, type Fault } from '../problems'
import { Costs } from '../schemas/business'
import { resolveWindow, windowParameters } from '../window'

const PATH = '/api/v1/costs'
const DEFAULT_LIMIT = 100
const MAX_LIMIT = 10_000

/** What the route about costs needs; windows reach back `maxHours` at most. */
export interface CostRoutesParts {
  readonly queries: Pick<BusinessQueries, 'readCosts'>
  readonly now: () => number
  readonly maxHours: number
}

/** What users and endpoints cost. */
export function costRoutes({
  queries,
  now,
  maxHours,
}: CostRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'What was spent, by user, endpoint, day, service or tenant',
    tags: ['business'],
    querystring: questionQuery({
      ...windowParameters(maxHours),
      groupBy: someText(
        `What costs are told apart by, separated by commas: ${COST_GROUPS.join(', ')}; user by default, none for the total alone`,
      ),
      user: someText('Only this user'),
      endpoint: someText('Only this endpoint'),
      service: someText('Only this service.name'),
      order: choice(
        COST_ORDERS,
        'Largest first of cost or count, or the first day first; cost by default',
      ),
      limit: limitParameter('groups', DEFAULT_LIMIT, MAX_LIMIT),
    }),
    response: { 200: Costs, ...problems(400, 401, 403, 503) },
  }
  return (app, _options, done) => {
    app.get(PATH, { schema }, async ({ query, tenant }, reply) => {
      const { user = null, endpoint = null, service = null, limit = DEFAULT_LIMIT } = query
      const { groupBy = 'user', order = 'cost' } = query
      const asked = resolveWindow(query, now(), maxHours)
      const by = parseGroups(groupBy, order)
      const narrowing = { window: asked, tenant, user, endpoint, service }
      const answer = await queries.readCosts({ ...narrowing, by, order, limit })
      const { window, groupCount, ...costs } = answer
      const truncated = groupCount > limit
      return sendLarge(reply, { window: describeWindow(window), ...costs, truncated })
    })
    done()
  }
}

/** Throws BadParameters. */
function parseGroups(text: string, order: CostOrder): CostGroup[] {
  const words = text === 'none' ? [] : text.split(',').map((word) => word.trim())
  const groups = COST_GROUPS.filter((group) => words.includes(group))
  const faults: Fault[] = []
  if (words.some((word) => !groups.some((group) => group === word))) {
    const allowed = `none, or some of ${COST_GROUPS.join(', ')}, separated by commas`
    faults.push({ name: 'groupBy', reason: `must be ${allowed}, not ${JSON.stringify(text)}` })
  } else if (order === 'day' && !groups.includes('day')) {
    faults.push({ name: 'order', reason: 'must not be day where days are not told apart' })
  }
  if (faults.length > 0) throw new BadParameters(faults)
  return groups
}
