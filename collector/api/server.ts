import swagger from '@fastify/swagger'
import type {
  FastifyPluginCallbackTypebox,
  TypeBoxTypeProvider,
} from '@fastify/type-provider-typebox'
import {
  fastify,
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
} from 'fastify'
import type { Logger } from 'pino'
import type { Probes } from '../telemetry/probes'
import { redactText } from '../telemetry/log'
import { createHealthJudge } from '../pages/health'
import type { OtlpAddresses } from '../pages/overview-page'
import { DEFAULT_OBJECTIVE } from '../health/sla'
import { DEFAULT_THRESHOLDS } from '../health/thresholds'
import type { AccessTokens } from './auth'
import { lazyCompilers } from './compilers'
import type { Queries } from './contract'
import { guard } from './guard'
import { openApiOptions } from './openapi'
import { pageRoutes } from './pages'
import { refuseNul } from './parameters'
import { pathOf } from './place'
import { answerError, sendProblem } from './problems'
import { businessRoutes } from './routes/business-events'
import { correlationRoutes } from './routes/correlations'
import { costRoutes } from './routes/costs'
import { cronRoutes } from './routes/cron'
import { errorRoutes } from './routes/errors'
import { expositionRoutes } from './routes/exposition'
import { healthRoutes } from './routes/health'
import { loginRoutes } from './routes/login'
import { loginLinkRoutes } from './routes/login-links'
import { logRoutes } from './routes/logs'
import { metricRoutes } from './routes/metrics'
import { monitoringRoutes } from './routes/monitoring'
import { performanceRoutes } from './routes/performance'
import { searchRoutes } from './routes/search'
import { viewRoutes } from './routes/pages'
import { selfRoutes } from './routes/self'
import { type Monitoring, serviceHealthRoutes } from './routes/service-health'
import { serviceRoutes } from './routes/services'
import { traceRoutes } from './routes/traces'
import { ErrorGroup, ErrorOccurrence } from './schemas/error'
import { Log } from './schemas/log'
import { Problem } from './schemas/problem'
import { Span, StoredSpan, TraceNode } from './schemas/trace'
import { Sessions } from './sessions'

/** What several answers refer to. */
const SHARED = [Problem, Span, StoredSpan, TraceNode, Log, ErrorGroup, ErrorOccurrence]
const MONTH_HOURS = 30 * 24
const DEFAULT_RETENTION_HOURS = {
  traces: MONTH_HOURS,
  logs: MONTH_HOURS,
  metrics: MONTH_HOURS,
  rollups: 400 * 24,
}
const DEFAULT_MONITORING: Monitoring = {
  thresholds: { overall: DEFAULT_THRESHOLDS, services: new Map(), modules: new Map() },
  objective: DEFAULT_OBJECTIVE,
  sloPeriodHours: 24,
}
const DEFAULT_MAX_TRACE_SPANS = 10_000
/** As long as the head of a request can be: an id of any length is for its route to judge. */
const MAX_PARAMETER_LENGTH = 16_384

/**
 * What the API is made of. `now` gives unix milliseconds; windows reach back `retentionHours` at most, a trace or a
 * correlation id is answered with `maxTraceSpans` spans and as many log records at most, and `onTruncated` is told of every
 * one that has more.
 */
export interface ApiParts {
  /** Null leaves health and the collector's own numbers alone. */
  readonly queries: Queries | null
  readonly probes: Probes
  readonly tokens: AccessTokens
  /** With which schedulers call. */
  readonly cronSecrets?: readonly string[]
  /** The collector's own numbers as Prometheus text. */
  readonly metrics: () => Promise<string>
  readonly version: string
  readonly log: Logger
  readonly now: () => number
  readonly retentionHours?: {
    readonly traces: number
    readonly logs: number
    readonly metrics: number
    readonly rollups: number
  }
  readonly monitoring?: Monitoring
  readonly maxTraceSpans?: number
  /** The attributes whose values are correlation ids. */
  readonly correlationAttributes?: readonly string[]
  readonly onTruncated?: () => void
  /** Of the browsers that log in. */
  readonly sessions?: Sessions
  /** Where telemetry is received, for who has sent none yet; null where none is. */
  readonly otlp?: OtlpAddresses | null
}

/** The server of everything that is asked over HTTP; it does not listen yet. */
export function createApiServer(parts: ApiParts): FastifyInstance {
  const { queries, probes, tokens, cronSecrets = [], metrics, version, log, now } = parts
  const own = log.child({ part: 'api' }, { serializers: { req: describeRequest } })
  const app = fastify({
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    loggerInstance: own as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    schemaController: { compilersFactory: lazyCompilers() },
    ajv: { customOptions: { allErrors: true, removeAdditional: false, verbose: true } },
    frameworkErrors: (_error, request, reply) => {
      void sendProblem(request, reply, 400, 'The path is not a valid URL path.')
    },
  })
  const sessions = parts.sessions ?? new Sessions(now)
  app.setErrorHandler(answerError)
  guard(app, { tokens, cronSecrets, sessions })
  app.addHook('preValidation', refuseNul)
  answerUnknown(app)
  for (const schema of SHARED) app.addSchema(schema)
  void app.register(swagger, openApiOptions(version))
  void app.register((routes, _options, done) => {
    const typed = routes.withTypeProvider<TypeBoxTypeProvider>()
    void typed.register(healthRoutes(probes, now))
    void typed.register(selfRoutes(metrics, version))
    if (queries !== null) {
      void typed.register(questionRoutes(parts, queries))
      void typed.register(loginLinkRoutes(sessions))
      void app.register(pageRoutes([loginRoutes({ tokens, sessions }), views(parts, queries)]))
    }
    done()
  })
  return app
}

/** All that is answered from the database. */
function questionRoutes(
  {
    now,
    retentionHours: { traces, logs, metrics: points, rollups } = DEFAULT_RETENTION_HOURS,
    monitoring = DEFAULT_MONITORING,
    maxTraceSpans: maxSpans = DEFAULT_MAX_TRACE_SPANS,
    correlationAttributes: attributes = [],
    onTruncated = () => undefined,
  }: ApiParts,
  queries: Queries,
): FastifyPluginCallbackTypebox {
  const answers = { queries, now, maxSpans, onTruncated }
  const { thresholds } = monitoring
  return (app, _options, done) => {
    void app.register(traceRoutes({ ...answers, maxHours: traces }))
    void app.register(serviceHealthRoutes({ ...answers, maxHours: rollups, monitoring }))
    void app.register(searchRoutes({ ...answers, maxHours: traces }))
    void app.register(performanceRoutes({ ...answers, maxHours: rollups, maxSpanHours: traces }))
    void app.register(serviceRoutes({ ...answers, maxHours: rollups }))
    void app.register(expositionRoutes(answers))
    void app.register(errorRoutes({ ...answers, maxHours: rollups }))
    void app.register(logRoutes({ ...answers, maxHours: logs }))
    void app.register(metricRoutes({ ...answers, maxHours: points }))
    void app.register(correlationRoutes({ ...answers, attributes }))
    void app.register(monitoringRoutes({ ...answers, thresholds }))
    void app.register(costRoutes({ ...answers, maxHours: rollups }))
    void app.register(
      businessRoutes({ ...answers, maxHours: rollups, maxEventHours: logs, attributes }),
    )
    void app.register(cronRoutes(queries))
    done()
  }
}

function views(
  {
    now,
    monitoring = DEFAULT_MONITORING,
    maxTraceSpans: maxSpans = DEFAULT_MAX_TRACE_SPANS,
    onTruncated = () => undefined,
    otlp = null,
  }: ApiParts,
  queries: Queries,
) {
  const judge = createHealthJudge(monitoring.thresholds)
  return viewRoutes({ queries, now, maxSpans, onTruncated, judge, otlp })
}

/** 404, or 405 with `Allow` where the path is known for other methods. */
function answerUnknown(app: FastifyInstance): void {
  const known: { readonly pattern: RegExp; readonly method: string }[] = []
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(`^${url.replace(/:[^/]+/g, '[^/]+').replaceAll('.', '\\.')}$`)
    for (const each of [method].flat()) known.push({ pattern, method: each })
  })
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request)
    const allowed = known.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)
    if (allowed.length === 0)
      return sendProblem(request, reply, 404, `There is nothing at ${path}.`)
    const allow = [...new Set(allowed)].sort().join(', ')
    void reply.header('allow', allow)
    return sendProblem(request, reply, 405, `${path} takes ${allow}, not ${request.method}.`)
  })
}

function describeRequest({ method, url }: Pick<FastifyRequest, 'method' | 'url'>) {
  return { method, url: redactText(url) }
}

/** The OpenAPI document without a running collector. */
export async function openApiDocument(version: string, log: Logger): Promise<object> {
  const absent = () => Promise.reject(new Error('only the document is served here'))
  const app = createApiServer({
    queries: {
      readTrace: absent,
      readSlowTraces: absent,
      readTraceStatistics: absent,
      readLogs: absent,
      readCorrelation: absent,
      readMetricCatalogue: absent,
      readMetricVariants: absent,
      readMetricValues: absent,
      readFigures: absent,
      readEdges: absent,
      searchTraces: absent,
      searchSpans: absent,
      readSlowSpans: absent,
      listErrors: absent,
      readError: absent,
      listOccurrences: absent,
      readErrorStatistics: absent,
      readErrorTrend: absent,
      countUnresolved: absent,
      listSimilarErrors: absent,
      readErrorsOfTraces: absent,
      countThrows: absent,
      countFatal: absent,
      listRepeated: absent,
      resolveError: absent,
      reopenError: absent,
      muteError: absent,
      assignError: absent,
      mergeErrors: absent,
      splitError: absent,
      readMonitored: absent,
      readConditions: absent,
      refreshViews: absent,
      readCosts: absent,
      listBusinessEvents: absent,
      readBusinessSeries: absent,
    },
    probes: { readiness: absent },
    tokens: [],
    metrics: absent,
    version,
    log,
    now: Date.now,
  })
  await app.ready()
  return app.swagger()
}
