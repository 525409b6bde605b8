import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { sendLarge } from '../answer'
import type { MetricQueries, MetricQuestion, Steps } from '../metric-contract'
import {
  AGGREGATION_DESCRIPTION,
  chooseAggregation,
  chooseVariant,
  parseAggregation,
  parseFilters,
  parseGroupBy,
} from '../metric-question'
import { problems } from '../openapi'
import { ASSIGNMENT, limitParameter, questionQuery, someText } from '../parameters'
import { BadParameters, sendProblem, type Fault } from '../problems'
import { MetricAnswer, MetricCatalogue } from '../schemas/metric'
import { resolveSteps, STEP_DESCRIPTION } from '../steps'
import { formatMs, resolveWindow, windowParameters } from '../window'

const PREFIX = '/api/v1/metrics'
const DEFAULT_METRICS = 100
const MAX_METRICS = 10_000
const DEFAULT_SERIES = 100
const MAX_SERIES = 1000
const MAX_KEYS = 20

const tags = ['metrics']

/** What the routes about metrics need; windows reach back `maxHours` at most. */
export interface MetricRoutesParts {
  readonly queries: MetricQueries
  readonly now: () => number
  readonly maxHours: number
}

/** Which metrics there are, and one of them over time. */
export function metricRoutes(parts: MetricRoutesParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    void app.register(catalogue(parts))
    void app.register(oneMetric(parts))
    done()
  }
}

function catalogue({ queries }: MetricRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'The metrics that are stored, with their services and label keys',
    tags,
    querystring: questionQuery({
      service: someText('Only metrics of this service.name'),
      prefix: someText('Only metrics whose name begins with this'),
      search: someText('Only metrics whose name contains this, in upper or lower case'),
      limit: limitParameter('names', DEFAULT_METRICS, MAX_METRICS),
    }),
    response: { 200: MetricCatalogue, ...problems(400, 401, 403, 503) },
  }
  return (app, _options, done) => {
    app.get(PREFIX, { schema }, async ({ query, tenant }) => {
      const { service = null, prefix = null, search = null, limit = DEFAULT_METRICS } = query
      const question = { tenant, service, prefix, search, limit }
      const { metrics, isTruncated } = await queries.readMetricCatalogue(question)
      return { metrics, truncated: isTruncated }
    })
    done()
  }
}

function oneMetric({ queries, now, maxHours }: MetricRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'One metric over time, in steps',
    tags,
    querystring: queryParameters(maxHours),
    response: { 200: MetricAnswer, ...problems(400, 401, 403, 404, 503) },
  }
  return (app, _options, done) => {
    app.get(`${PREFIX}/query`, { schema }, async (request, reply) => {
      const { query, tenant } = request
      const nowMs = now()
      const asked = parseQuery(query, resolveWindow(query, nowMs, maxHours), nowMs)
      const { name, service } = asked
      const variants = await queries.readMetricVariants({ name, tenant, service })
      if (variants.length === 0) {
        const of = service === null ? '' : ` of the service ${JSON.stringify(service)}`
        const detail = `No metric ${JSON.stringify(name)}${of} is stored; ${PREFIX} lists those that are.`
        return sendProblem(request, reply, 404, detail)
      }
      const faults: Fault[] = []
      const variant = chooseVariant(name, variants, query, faults)
      if (variant === null) throw new BadParameters(faults)
      const aggregation = chooseAggregation(asked.wanted, variant, faults)
      if (faults.length > 0) throw new BadParameters(faults)
      const { kind, unit, temporality, isMonotonic } = variant
      const { steps, filters, groupBy, maxSeries, wanted } = asked
      const { quantiles } = wanted
      const narrowed = { name, kind, unit, tenant, service, filters, groupBy, maxSeries }
      const question: MetricQuestion = { ...narrowed, steps, aggregation, quantiles }
      const { series, isTruncated } = await queries.readMetricValues(question)
      const answer = {
        name,
        kind,
        unit,
        temporality,
        monotonic: isMonotonic,
        aggregation,
        ...timesOf(steps),
        series,
        truncated: isTruncated,
      }
      return sendLarge(reply, answer)
    })
    done()
  }
}

function queryParameters(maxHours: number) {
  const keys = 'attribute, resource.<attribute> or service'
  return questionQuery({
    // Missing, it is a fault like others; the schema would not say what it is for.
    name: someText('Name of the metric; must be given'),
    kind: someText('Its kind, where it is stored as several'),
    unit: Type.Optional(Type.String({ description: 'Its unit, where it is stored in several' })),
    service: someText('Only series of this service.name'),
    ...windowParameters(maxHours),
    step: someText(STEP_DESCRIPTION),
    aggregation: someText(AGGREGATION_DESCRIPTION),
    quantile: Type.Optional(
      Type.Array(Type.Number({ minimum: 0, maximum: 1 }), {
        maxItems: MAX_KEYS,
        description: 'From 0 to 1, of histograms, or of summaries what they sent; may be repeated',
      }),
    ),
    filter: Type.Optional(
      Type.Array(Type.String(), {
        maxItems: MAX_KEYS,
        description: `${ASSIGNMENT}, both as text; key is an ${keys}. May be repeated: all must hold`,
      }),
    ),
    groupBy: someText(`One series for each of these: ${keys}, separated by commas`),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_SERIES,
        default: DEFAULT_SERIES,
        description: 'Most series to answer with; fewer when they have many steps',
      }),
    ),
  })
}

interface Query {
  readonly name?: string
  readonly service?: string
  readonly step?: string
  readonly aggregation?: string
  readonly quantile?: number[]
  readonly filter?: string[]
  readonly groupBy?: string
  readonly limit?: number
}

/** What is asked, as far as that can be told without knowing the metric. Throws BadParameters naming every fault. */
function parseQuery(query: Query, window: Parameters<typeof resolveSteps>[1], nowMs: number) {
  const { name, service = null, limit: maxSeries = DEFAULT_SERIES } = query
  const faults: Fault[] = []
  if (name === undefined) {
    faults.push({ name: 'name', reason: `must be given: the name of a metric of ${PREFIX}` })
  }
  const wanted = parseAggregation(query.aggregation, query.quantile ?? [], faults)
  const filters = parseFilters(query.filter ?? [], faults)
  const groupBy = parseGroupBy(query.groupBy, faults)
  const steps = resolveSteps(query.step, window, nowMs, faults)
  if (name === undefined || steps === null || faults.length > 0) throw new BadParameters(faults)
  return { name, service, maxSeries, wanted, filters, groupBy, steps }
}

function timesOf({ sinceMs, stepMs, count }: Steps) {
  return {
    window: { since: formatMs(sinceMs), until: formatMs(sinceMs + count * stepMs) },
    stepSeconds: stepMs / 1000,
    times: Array.from({ length: count }, (_, step) => formatMs(sinceMs + step * stepMs)),
  }
}
