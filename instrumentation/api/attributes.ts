/**
 * The names of what the helpers send, which stay as they are: people and the collector search by them. Where the semantic
 * conventions of OpenTelemetry have a name it is that one.
 */

/**
 * The names of events (log records with an event name). Those that the collector adds up are read by
 * `collector/translate/event-kinds.ts`; a test compares the two.
 */
export const EVENT = {
  webhookDelivery: 'sidelight.webhook.delivery',
  webhookRegistration: 'sidelight.webhook.registration',
  ruleExecution: 'sidelight.rule.execution',
  ruleRegistration: 'sidelight.rule.registration',
  apiRequest: 'sidelight.api.request',
  rateLimit: 'sidelight.rate_limit',
  business: 'sidelight.business',
  cost: 'sidelight.cost',
  /** These are log records and nothing more. */
  audit: 'sidelight.audit',
  security: 'sidelight.security',
} as const

export const ATTRIBUTE = {
  /** Of any event with an outcome: `succeeded`, `failed` or, of business events, `started`. */
  outcome: 'sidelight.outcome',
  /** Of any event with a duration, a double of milliseconds. */
  durationMs: 'sidelight.duration_ms',
  /** Of business events and costs, a double of US dollars. */
  costUsd: 'sidelight.cost_usd',
  /** How many things a business event was about. */
  count: 'sidelight.count',

  webhookId: 'webhook.id',
  webhookUrl: 'webhook.url',
  webhookEnabled: 'webhook.enabled',

  ruleId: 'rule.id',
  ruleName: 'rule.name',
  ruleType: 'rule.type',
  ruleEnabled: 'rule.enabled',
  ruleSegmentMemberCount: 'rule.segment_member_count',
  /** How many members, orders or whatever an execution changed. */
  ruleAffectedCount: 'rule.affected_count',

  apiResource: 'api.resource',
  httpMethod: 'http.request.method',
  httpPath: 'url.path',
  httpStatusCode: 'http.response.status_code',

  rateLimitKeyType: 'rate_limit.key_type',
  rateLimitIdentifier: 'rate_limit.identifier',
  rateLimitRequestCount: 'rate_limit.request_count',
  rateLimitMax: 'rate_limit.limit',
  /** RFC 3339. */
  rateLimitResetAt: 'rate_limit.reset_at',

  businessEvent: 'business.event',
  costEndpoint: 'cost.endpoint',

  uploadType: 'upload.type',
  uploadSource: 'upload.source',
  uploadSizeBytes: 'upload.size_bytes',
  /** Why it failed. */
  uploadReason: 'upload.reason',

  auditAction: 'audit.action',
  /** `configuration`, `data` or `admin`, of the helpers of these; else what the application says. */
  auditCategory: 'audit.category',
  auditActor: 'audit.actor',
  auditActorType: 'audit.actor_type',
  auditTarget: 'audit.target',
  auditTargetType: 'audit.target_type',
  auditReason: 'audit.reason',
  /** What was changed, a map of `from` and `to` by name. */
  auditChanges: 'audit.changes',

  securityEvent: 'security.event',
  /** `low`, `medium`, `high` or `critical`. */
  securitySeverity: 'security.severity',
  securityResource: 'security.resource',
  securityReason: 'security.reason',

  /** Of the request that something belongs to; on every span, log record and error of it. */
  requestId: 'request.id',
  correlationId: 'correlation.id',
  userId: 'user.id',
  tenantId: 'tenant.id',
  clientAddress: 'client.address',
  userAgent: 'user_agent.original',
  agentId: 'agent.id',

  /** The part of the service. */
  module: 'module',
  operation: 'operation',
  errorType: 'error.type',
  errorMessage: 'error.message',
  dbOperation: 'db.operation.name',
  dbTable: 'db.collection.name',
  peerService: 'peer.service',
  /** The path of a call, without what varies. */
  urlTemplate: 'url.template',
  /** The method of a call that is not known by a path. */
  rpcMethod: 'rpc.method',
  /** What the heap has grown by meanwhile, in bytes; negative after a garbage collection. */
  heapDeltaBytes: 'sidelight.heap_delta_bytes',

  jobName: 'job.name',
  cacheName: 'cache.name',
  /** `hit` or `miss`. */
  cacheResult: 'cache.result',
  queueName: 'queue.name',
} as const

/** Metrics, by the names of the instruments; those of durations are in seconds, as everywhere in OpenTelemetry. */
export const METRIC = {
  /** Histogram of seconds, by job and outcome; its count is how often the job ran. */
  jobDuration: 'job.duration',
  /** Counter, by cache and result. */
  cacheRequests: 'cache.requests',
  /** Gauge, by queue: how many items wait. */
  queueDepth: 'queue.depth',
  /** Gauge of seconds, by queue: how long the oldest item has been waiting. */
  queueOldestAge: 'queue.oldest_age',
  /** Counter, by queue and outcome. */
  queueProcessed: 'queue.processed',
  /** Counter, by type of an upload, outcome, and reason where it failed. */
  uploadAttempts: 'upload.attempts',
  /** Histogram of bytes, by type. */
  uploadSize: 'upload.size',
  /** Histogram of seconds, by type. */
  uploadDuration: 'upload.duration',
} as const
