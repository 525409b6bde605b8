/**
 * What the API is asked and answers, of the routes in `routes.ts`. Generated from the OpenAPI document; do not edit:
 * npx tsx test/instrumentation/client/generate.ts
 */
export interface components {
  schemas: {
    PerformanceStatsQuery: {
      /** @description Length of the window before until; 24 unless since is given */
      hours?: number
      /** @description Begin of the window: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      since?: string
      /** @description End of the window, now by default: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      until?: string
      /** @description Only this service.name */
      service?: string
      /** @description Only this module */
      module?: string
      /** @description Only spans of this name */
      operation?: string
      /**
       * @description What a row is of; operation by default
       * @enum {string}
       */
      groupBy?: 'service' | 'module' | 'operation'
      /**
       * @description Largest first of this; count by default
       * @enum {string}
       */
      order?: 'count' | 'errorCount' | 'errorRate' | 'avg' | 'p50' | 'p95' | 'p99' | 'max'
      /**
       * @description Most rows to answer with
       * @default 100
       */
      limit?: number
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description What spans add up to, in the order asked for */
    PerformanceStats: {
      /** @description Whole minutes, and whole hours where minutes are not kept any more */
      window: {
        since: string
        until: string
      }
      /** @description Why figures may still change or lack something; empty when they are complete */
      gaps: string[]
      stats: {
        /** @description Empty for none */
        tenant: string
        /** @description deployment.environment.name */
        environment: string
        /** @description service.namespace */
        namespace: string
        /** @description service.name */
        service: string
        /** @description The module attribute, else the name of the scope */
        module: string | null
        /** @description Name of the spans */
        operation: string | null
        /** @description internal, server, client, producer or consumer */
        kind: string | null
        /** @description The minute or hour in which the last one ended */
        lastSeen: string
        /** @description Spans received */
        count: number
        /** @description Those with status error, or SERVER with an HTTP status from 500 on */
        errorCount: number
        /** @description Percent; null without spans. Sampled spans weigh as many as they stand for */
        errorRate: number | null
        /** @description Sampled spans weigh likewise */
        ratePerSecond: number
        durationMs: {
          /** @description null without a known duration */
          avg: number | null
          /** @description Median; percentiles are within 2.2 % of exact */
          p50: number | null
          /** @description 95th percentile */
          p95: number | null
          /** @description 99th percentile */
          p99: number | null
          /** @description Fastest */
          min: number | null
          /** @description Slowest */
          max: number | null
        }
        /** @description A trace to look at, 32 hex digits */
        slowestTraceId: string | null
        /** @description A trace with a failure, 32 hex digits */
        errorTraceId: string | null
      }[]
      /** @description There are more than the limit */
      truncated: boolean
    }
    TopSlowOperationsQuery: {
      /** @description Length of the window before until; 24 unless since is given */
      hours?: number
      /** @description Begin of the window: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      since?: string
      /** @description End of the window, now by default: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      until?: string
      /** @description Only this service.name */
      service?: string
      /** @description Only this module */
      module?: string
      /** @description Only spans of this name */
      operation?: string
      /**
       * @description The duration that counts; p95 by default
       * @enum {string}
       */
      by?: 'avg' | 'p50' | 'p95' | 'p99' | 'max'
      /**
       * @description Most operations to answer with
       * @default 10
       */
      limit?: number
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description What spans add up to, in the order asked for */
    TopSlowOperations: {
      /** @description Whole minutes, and whole hours where minutes are not kept any more */
      window: {
        since: string
        until: string
      }
      /** @description Why figures may still change or lack something; empty when they are complete */
      gaps: string[]
      stats: {
        /** @description Empty for none */
        tenant: string
        /** @description deployment.environment.name */
        environment: string
        /** @description service.namespace */
        namespace: string
        /** @description service.name */
        service: string
        /** @description The module attribute, else the name of the scope */
        module: string | null
        /** @description Name of the spans */
        operation: string | null
        /** @description internal, server, client, producer or consumer */
        kind: string | null
        /** @description The minute or hour in which the last one ended */
        lastSeen: string
        /** @description Spans received */
        count: number
        /** @description Those with status error, or SERVER with an HTTP status from 500 on */
        errorCount: number
        /** @description Percent; null without spans. Sampled spans weigh as many as they stand for */
        errorRate: number | null
        /** @description Sampled spans weigh likewise */
        ratePerSecond: number
        durationMs: {
          /** @description null without a known duration */
          avg: number | null
          /** @description Median; percentiles are within 2.2 % of exact */
          p50: number | null
          /** @description 95th percentile */
          p95: number | null
          /** @description 99th percentile */
          p99: number | null
          /** @description Fastest */
          min: number | null
          /** @description Slowest */
          max: number | null
        }
        /** @description A trace to look at, 32 hex digits */
        slowestTraceId: string | null
        /** @description A trace with a failure, 32 hex digits */
        errorTraceId: string | null
      }[]
      /** @description There are more than the limit */
      truncated: boolean
    }
    PerformanceTrendsQuery: {
      /** @description Length of the window before until; 24 unless since is given */
      hours?: number
      /** @description Begin of the window: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      since?: string
      /** @description End of the window, now by default: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      until?: string
      /** @description Only this service.name */
      service?: string
      /** @description Only this module */
      module?: string
      /** @description Only spans of this name */
      operation?: string
      /** @description Length of a step: seconds, or 30s, 5m, 1h, 1d; by default the round one that makes at most 200 steps, and never so short that there are more than 11000. Steps begin at multiples of their length since 1970. Whole minutes */
      step?: string
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description What spans add up to, step by step */
    PerformanceTrends: {
      /** @description Whole minutes, and whole hours where minutes are not kept any more */
      window: {
        since: string
        until: string
      }
      /** @description Why figures may still change or lack something; empty when they are complete */
      gaps: string[]
      /** @description Length of a step; hours where minutes are not kept any more */
      stepSeconds: number
      /** @description Every step of the window, in order */
      trends: {
        /** @description Begin of the step */
        time: string
        /** @description Spans received */
        count: number
        /** @description Those with status error, or SERVER with an HTTP status from 500 on */
        errorCount: number
        /** @description Percent; null without spans. Sampled spans weigh as many as they stand for */
        errorRate: number | null
        /** @description Sampled spans weigh likewise */
        ratePerSecond: number
        durationMs: {
          /** @description null without a known duration */
          avg: number | null
          /** @description Median; percentiles are within 2.2 % of exact */
          p50: number | null
          /** @description 95th percentile */
          p95: number | null
          /** @description 99th percentile */
          p99: number | null
          /** @description Fastest */
          min: number | null
          /** @description Slowest */
          max: number | null
        }
        /** @description A trace to look at, 32 hex digits */
        slowestTraceId: string | null
        /** @description A trace with a failure, 32 hex digits */
        errorTraceId: string | null
      }[]
    }
    SlowOperationsQuery: {
      /** @description Length of the window before until; 24 unless since is given */
      hours?: number
      /** @description Begin of the window: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      since?: string
      /** @description End of the window, now by default: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      until?: string
      /** @description Only this service.name */
      service?: string
      /** @description Only this module */
      module?: string
      /** @description Only spans of this name */
      operation?: string
      /**
       * @description Milliseconds a span must have taken at least
       * @default 1000
       */
      threshold?: number
      /**
       * @description Most spans to answer with
       * @default 100
       */
      limit?: number
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description Single spans that took long */
    SlowOperations: {
      /** @description Whole minutes, and whole hours where minutes are not kept any more */
      window: {
        since: string
        until: string
      }
      thresholdMs: number
      /** @description Slowest first */
      operations: {
        traceId: string
        spanId: string
        /** @description service.name */
        service: string
        /** @description The module attribute, else the name of the instrumentation scope */
        module: string
        /** @description internal, server, client, producer, consumer or unspecified */
        kind: string
        /** @description unset, ok or error */
        status: string
        statusMessage: string
        /** @description RFC 3339 with nanoseconds; the end where no start was sent */
        startTime: string
        /** @description null without an end, or with one before the start */
        durationMs: number | null
        /** @description Name of the span */
        operation: string
        /** @description int64 values are strings, doubles numbers; NaN and infinities {"$double":"NaN"}, bytes {"$bytes":"base64"}; a key that itself begins with $ has one $ more */
        attributes: {
          [key: string]: unknown
        }
      }[]
    }
    PerformanceMetricsQuery: {
      /** @description Length of the window before until; 24 unless since is given */
      hours?: number
      /** @description Begin of the window: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      since?: string
      /** @description End of the window, now by default: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      until?: string
      /** @description Only this service.name */
      service?: string
      /** @description Only this module */
      module?: string
      /** @description Only spans of this name */
      operation?: string
      /** @description Milliseconds a span must have taken at least */
      minDuration?: number
      /**
       * @description Only spans of this status
       * @enum {string}
       */
      status?: 'unset' | 'ok' | 'error'
      /**
       * @description Most spans to answer with
       * @default 100
       */
      limit?: number
      /** @description nextCursor of the page before, with the same parameters; it keeps the window */
      cursor?: string
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description Single spans */
    PerformanceMetrics: {
      /** @description Newest first */
      metrics: {
        traceId: string
        spanId: string
        /** @description service.name */
        service: string
        /** @description The module attribute, else the name of the instrumentation scope */
        module: string
        /** @description internal, server, client, producer, consumer or unspecified */
        kind: string
        /** @description unset, ok or error */
        status: string
        statusMessage: string
        /** @description RFC 3339 with nanoseconds; the end where no start was sent */
        startTime: string
        /** @description null without an end, or with one before the start */
        durationMs: number | null
        /** @description Name of the span */
        operation: string
        /** @description int64 values are strings, doubles numbers; NaN and infinities {"$double":"NaN"}, bytes {"$bytes":"base64"}; a key that itself begins with $ has one $ more */
        attributes: {
          [key: string]: unknown
        }
      }[]
      /** @description Goes on behind these, with the same parameters; null at the end. There may be one with fewer than the limit, even none: the time was over */
      nextCursor: string | null
      /** @description From here to searchedUntil these pages have every match so far: the window when nextCursor is null */
      searchedSince: string
      /** @description See searchedSince */
      searchedUntil: string
    }
    TraceQuery: {
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description The spans of the trace, twice, in order of time and as a tree, its log records and errors */
    Trace: {
      traceId: string
      /** @description Spans in this answer */
      spanCount: number
      /** @description The trace has more spans; these are the earliest */
      truncated: boolean
      /** @description In order of their first span */
      services: string[]
      /** @description RFC 3339 with nanoseconds */
      startTime: string | null
      /** @description RFC 3339 with nanoseconds */
      endTime: string | null
      /** @description From the first start to the last end */
      durationMs: number | null
      /** @description In order of start */
      spans: components['schemas']['Span'][]
      /** @description Roots in order of start */
      tree: components['schemas']['TraceNode'][]
      /** @description Log records with its id, in order of time */
      logs: components['schemas']['Log'][]
      /** @description There are more log records; these are the earliest */
      logsTruncated: boolean
      /** @description Throws that were kept of these traces, each once, in the groups they are of; 1000 at most */
      occurrences: components['schemas']['ErrorOccurrence'][]
    }
    SlowTracesQuery: {
      /**
       * @description Milliseconds a request must have taken at least
       * @default 1000
       */
      threshold?: number
      /**
       * @description Most traces to answer with
       * @default 50
       */
      limit?: number
      /** @description Length of the window before until; 24 unless since is given */
      hours?: number
      /** @description Begin of the window: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      since?: string
      /** @description End of the window, now by default: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      until?: string
      /** @description Only this service.name */
      service?: string
      /** @description Only this module */
      module?: string
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description Slowest first */
    SlowTraces: {
      traceId: string
      spanId: string
      service: string
      module: string
      /** @description Of the slowest request of the trace */
      name: string
      /** @description internal, server, client, producer, consumer or unspecified */
      kind: string
      /** @description unset, ok or error */
      status: string
      startTime: string
      durationMs: number
    }[]
    TraceStatsQuery: {
      /** @description Length of the window before until; 24 unless since is given */
      hours?: number
      /** @description Begin of the window: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      since?: string
      /** @description End of the window, now by default: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      until?: string
      /** @description Only this service.name */
      service?: string
      /** @description Only this module */
      module?: string
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description What was counted, and in which window */
    TraceStats: {
      /** @description Whole minutes, and whole hours where minutes are not kept any more */
      window: {
        since: string
        until: string
      }
      /** @description SERVER and CONSUMER spans and INTERNAL roots */
      requestCount: number
      /** @description All spans */
      spanCount: number
      /** @description Requests with status error, or SERVER with an HTTP status from 500 on */
      errorCount: number
      /** @description Percent of the requests; null without requests */
      errorRate: number | null
      durationMs: {
        /** @description Of the requests; null without requests */
        avg: number | null
        /** @description Median */
        p50: number | null
        /** @description 95th percentile */
        p95: number | null
        /** @description 99th percentile */
        p99: number | null
        /** @description Slowest */
        max: number | null
      }
      /** @description Traces whose root span ended in the window */
      traceCount: number
      byService: {
        service: string
        /** @description SERVER and CONSUMER spans and INTERNAL roots */
        requestCount: number
        /** @description All spans */
        spanCount: number
        /** @description Requests with status error, or SERVER with an HTTP status from 500 on */
        errorCount: number
        /** @description Percent of the requests; null without requests */
        errorRate: number | null
        durationMs: {
          /** @description Of the requests; null without requests */
          avg: number | null
          /** @description Median */
          p50: number | null
          /** @description 95th percentile */
          p95: number | null
          /** @description 99th percentile */
          p99: number | null
          /** @description Slowest */
          max: number | null
        }
      }[]
    }
    FoundTracesQuery: {
      /** @description Only spans of this service.name */
      service?: string
      /** @description Only spans of this module */
      module?: string
      /** @description Only spans of this name */
      operation?: string
      /**
       * @description Only spans of this kind
       * @enum {string}
       */
      kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer'
      /**
       * @description Only spans of this status
       * @enum {string}
       */
      status?: 'unset' | 'ok' | 'error'
      /** @description Milliseconds the span must have taken at least */
      minDuration?: number
      /** @description Milliseconds the span may have taken at most */
      maxDuration?: number
      /** @description In the name or the status message of the span, whatever the case */
      text?: string
      /** @description key=value, with \= for an = in the key; may be repeated: only spans with all of these attributes. A value that reads as a number or as true or false is found as such, too */
      attribute?: string[]
      /** @description Length of the window before until; 24 unless since is given */
      hours?: number
      /** @description Begin of the window: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      since?: string
      /** @description End of the window, now by default: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      until?: string
      /**
       * @description Most traces to answer with
       * @default 50
       */
      limit?: number
      /** @description nextCursor of the page before, with the same parameters; it keeps the window */
      cursor?: string
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description Traces that have such a span, each once */
    FoundTraces: {
      /** @description By the start of the span found, newest first */
      traces: {
        traceId: string
        /** @description Of the span without a parent; null when none is stored */
        rootService: string | null
        /** @description Likewise */
        rootName: string | null
        /** @description RFC 3339 with nanoseconds */
        startTime: string
        /** @description From the first start to the last end */
        durationMs: number | null
        /** @description Spans within a day of the one found, 10000 at most */
        spanCount: number
        /** @description Those with status error, or SERVER with an HTTP status from 500 on */
        errorCount: number
        /** @description In alphabetical order */
        services: string[]
        /** @description The newest span that was looked for */
        span: {
          traceId: string
          spanId: string
          /** @description service.name */
          service: string
          /** @description The module attribute, else the name of the instrumentation scope */
          module: string
          /** @description internal, server, client, producer, consumer or unspecified */
          kind: string
          /** @description unset, ok or error */
          status: string
          statusMessage: string
          /** @description RFC 3339 with nanoseconds; the end where no start was sent */
          startTime: string
          /** @description null without an end, or with one before the start */
          durationMs: number | null
          name: string
        }
      }[]
      /** @description Goes on behind these, with the same parameters; null at the end. There may be one with fewer than the limit, even none: the time was over */
      nextCursor: string | null
      /** @description From here to searchedUntil these pages have every match so far: the window when nextCursor is null */
      searchedSince: string
      /** @description See searchedSince */
      searchedUntil: string
    }
    FoundLogsQuery: {
      /** @description Only this service.name */
      service?: string
      /** @description This severity and worse: trace, debug, info, warn, error, fatal, or 1 to 24 */
      severity?: string
      /** @description In the body, whatever the case; in the JSON of a body that is no string */
      text?: string
      /** @description 32 hex digits, or the same as a uuid; needs no window */
      traceId?: string
      /** @description 16 hex digits */
      spanId?: string
      /** @description Only this event */
      eventName?: string
      /** @description key=value, with \= for an = in the key; may be repeated: only records with all of these attributes. A value that reads as a number or as true or false is found as such, too */
      attribute?: string[]
      /** @description Length of the window before until; 24 unless since is given */
      hours?: number
      /** @description Begin of the window: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      since?: string
      /** @description End of the window, now by default: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      until?: string
      /**
       * @description By time; desc, newest first, unless traceId is given
       * @enum {string}
       */
      order?: 'asc' | 'desc'
      /**
       * @description Most records to answer with
       * @default 100
       */
      limit?: number
      /** @description nextCursor of the page before, with the same parameters; it keeps the window */
      cursor?: string
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description Log records in order of time */
    FoundLogs: {
      /** @description In the order asked for */
      logs: components['schemas']['Log'][]
      /** @description Goes on behind these records, with the same parameters; null at the end. There may be one with fewer records than the limit, even none: the time was over */
      nextCursor: string | null
      /** @description From here to searchedUntil these pages have every match so far: the window when nextCursor is null; null for a trace without a window */
      searchedSince: string | null
      /** @description See searchedSince */
      searchedUntil: string | null
    }
    AggregatedErrorsQuery: {
      /** @description In the class, code, message or culprit, whatever the case */
      text?: string
      /** @description Only this service.name */
      service?: string
      /** @description Only with throws of this deployment.environment.name */
      environment?: string
      /** @description Only with throws of this module */
      module?: string
      /** @description Only with throws of this operation */
      operation?: string
      /** @description Only with throws of this service.version */
      release?: string
      /** @description Only in these states, separated by commas: new, ongoing, escalating, regressed, resolved, muted; or unresolved for new, ongoing, escalating, regressed */
      state?: string
      /**
       * @description true for state=unresolved
       * @default false
       */
      unresolvedOnly?: boolean
      /** @description Only those this one looks after */
      assignee?: string
      /**
       * @description error: only with throws of that severity or worse, unless said otherwise where unresolved ones are asked for; else any: warnings and what was cancelled as well
       * @enum {string}
       */
      severity?: 'error' | 'any'
      /**
       * @description Only with so many throws in the window at least
       * @default 1
       */
      minOccurrences?: number
      /** @description Length of the window before until; 24 unless since is given */
      hours?: number
      /** @description Begin of the window: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      since?: string
      /** @description End of the window, now by default: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      until?: string
      /**
       * @description The latest, or the most, first; last_seen by default
       * @enum {string}
       */
      order?: 'last_seen' | 'first_seen' | 'count' | 'users'
      /**
       * @description Most groups to answer with
       * @default 50
       */
      limit?: number
      /** @description nextCursor of the page before, with the same parameters; it keeps the window */
      cursor?: string
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description Groups of errors seen in the window */
    AggregatedErrors: {
      /** @description Whole minutes, and whole hours where minutes are not kept any more */
      window: {
        since: string
        until: string
      }
      /** @description In the order asked for */
      errors: components['schemas']['ErrorGroup'][]
      /** @description For the next page; null at the end */
      nextCursor: string | null
    }
    ErrorDetailQuery: {
      /** @description Length of the window before until; 720 unless since is given */
      hours?: number
      /** @description Begin of the window: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      since?: string
      /** @description End of the window, now by default: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      until?: string
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description Everything about a group of errors */
    ErrorDetail: {
      /** @description Whole minutes, and whole hours where minutes are not kept any more */
      window: {
        since: string
        until: string
      }
      group: components['schemas']['ErrorGroup']
      releases: {
        /** @description service.version */
        name: string
        /** @description Throws in the window */
        count: number
        /** @description RFC 3339 */
        firstSeen: string
        /** @description RFC 3339 */
        lastSeen: string
      }[]
      /** @description Throws in the window */
      environments: {
        name: string
        count: number
      }[]
      /** @description Throws in the window */
      operations: {
        name: string
        count: number
      }[]
      /** @description Several where groups were merged */
      hashes: {
        /** @description The fingerprint */
        hash: string
        /** @description fp/1 */
        algorithm: string
        /** @description exception.type without what is in it of the message; else what stands for it */
        class: string
        /** @description ECONNREFUSED, 23505, 500 */
        code: string | null
        /** @description Without what differs from throw to throw */
        message: string
        /** @description The function it was thrown in, else what is known of the place */
        culprit: string
        /** @description When it was first stored */
        createdAt: string
        /** @description What the hash was formed from, and what was left out of it and why */
        why: unknown[]
      }[]
      /** @description Newest first */
      history: {
        /** @description RFC 3339 */
        at: string
        /** @description Empty where nobody but the collector did it */
        actor: string
        /** @description What was done */
        action: string
        details: {
          [key: string]: unknown
        }
      }[]
      /** @description The newest throw that is kept, with its stack */
      latest: components['schemas']['ErrorOccurrence'] | null
      /** @description Traces with such a throw, newest first, 32 hex digits */
      traceIds: string[]
    }
    ErrorOccurrencesQuery: {
      /** @description Length of the window before until; 720 unless since is given */
      hours?: number
      /** @description Begin of the window: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      since?: string
      /** @description End of the window, now by default: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      until?: string
      /**
       * @description Most throws to answer with
       * @default 50
       */
      limit?: number
      /** @description nextCursor of the page before, with the same parameters; it keeps the window */
      cursor?: string
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description Throws that were kept of a group, newest first */
    ErrorOccurrences: {
      /** @description A sample: of each hash and release the first and last ones, and some between */
      occurrences: components['schemas']['ErrorOccurrence'][]
      /** @description For the next page; null at the end */
      nextCursor: string | null
      /** @description Throws were looked for from here */
      searchedSince: string | null
      /** @description to here */
      searchedUntil: string | null
    }
    ErrorStatsQuery: {
      /** @description In the class, code, message or culprit, whatever the case */
      text?: string
      /** @description Only this service.name */
      service?: string
      /** @description Only with throws of this deployment.environment.name */
      environment?: string
      /** @description Only with throws of this module */
      module?: string
      /** @description Only with throws of this operation */
      operation?: string
      /** @description Only with throws of this service.version */
      release?: string
      /** @description Only in these states, separated by commas: new, ongoing, escalating, regressed, resolved, muted; or unresolved for new, ongoing, escalating, regressed */
      state?: string
      /**
       * @description true for state=unresolved
       * @default false
       */
      unresolvedOnly?: boolean
      /** @description Only those this one looks after */
      assignee?: string
      /**
       * @description error: only with throws of that severity or worse, unless said otherwise where unresolved ones are asked for; else any: warnings and what was cancelled as well
       * @enum {string}
       */
      severity?: 'error' | 'any'
      /**
       * @description Only with so many throws in the window at least
       * @default 1
       */
      minOccurrences?: number
      /** @description Length of the window before until; 24 unless since is given */
      hours?: number
      /** @description Begin of the window: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      since?: string
      /** @description End of the window, now by default: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      until?: string
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description What errors add up to */
    ErrorStats: {
      /** @description Whole minutes, and whole hours where minutes are not kept any more */
      window: {
        since: string
        until: string
      }
      /** @description Groups seen in the window */
      groupCount: number
      /** @description Those that are unresolved, with throws of the severity of an error */
      unresolvedCount: number
      /** @description Those first seen in the window */
      newCount: number
      /** @description Throws in the window, each once, wherever it was told of */
      occurrenceCount: number
      /** @description Those with the severity of an error or worse */
      severeCount: number
      /** @description Those that nothing caught */
      unhandledCount: number
      /** @description Users affected in the window: exact up to 63, then within 13 % or so */
      userCount: number
      /** @description Throws of the classes with the most */
      byClass: {
        name: string
        count: number
      }[]
      /** @description Throws of the modules with the most */
      byModule: {
        name: string
        count: number
      }[]
      /** @description Throws of the services with the most */
      byService: {
        name: string
        count: number
      }[]
      /** @description Groups of each state */
      byState: {
        name: string
        count: number
      }[]
    }
    ErrorTrendQuery: {
      /** @description In the class, code, message or culprit, whatever the case */
      text?: string
      /** @description Only this service.name */
      service?: string
      /** @description Only with throws of this deployment.environment.name */
      environment?: string
      /** @description Only with throws of this module */
      module?: string
      /** @description Only with throws of this operation */
      operation?: string
      /** @description Only with throws of this service.version */
      release?: string
      /** @description Only in these states, separated by commas: new, ongoing, escalating, regressed, resolved, muted; or unresolved for new, ongoing, escalating, regressed */
      state?: string
      /**
       * @description true for state=unresolved
       * @default false
       */
      unresolvedOnly?: boolean
      /** @description Only those this one looks after */
      assignee?: string
      /**
       * @description error: only with throws of that severity or worse, unless said otherwise where unresolved ones are asked for; else any: warnings and what was cancelled as well
       * @enum {string}
       */
      severity?: 'error' | 'any'
      /**
       * @description Only with so many throws in the window at least
       * @default 1
       */
      minOccurrences?: number
      /** @description Length of the window before until; 24 unless since is given */
      hours?: number
      /** @description Begin of the window: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      since?: string
      /** @description End of the window, now by default: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      until?: string
      /** @description Only throws of the group with this id */
      id?: string
      /** @description Length of a step: seconds, or 30s, 5m, 1h, 1d; by default the round one that makes at most 200 steps, and never so short that there are more than 11000. Steps begin at multiples of their length since 1970. Whole minutes */
      step?: string
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description Throws, step by step */
    ErrorTrend: {
      /** @description Whole minutes, and whole hours where minutes are not kept any more */
      window: {
        since: string
        until: string
      }
      /** @description Length of a step; hours where minutes are not kept any more */
      stepSeconds: number
      /** @description Every step of the window, in order */
      trend: {
        /** @description Begin of the step */
        time: string
        /** @description Throws, each once */
        occurrenceCount: number
        /** @description Those with the severity of an error or worse */
        severeCount: number
        /** @description Groups they are of */
        groupCount: number
      }[]
    }
    ResolvedErrorQuery: {
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    ResolvedErrorBody: {
      /** @description Who does it, for the history; the scope of the token unless given */
      by?: string
      /**
       * @description It comes back (regressed) with any later throw (now, unless said otherwise), with one of a later release than this, or of the next
       * @enum {string}
       */
      in?: 'now' | 'release' | 'next_release'
      /** @description service.version, with in: release; the newest one unless given */
      release?: string
      /** @description Why */
      notes?: string
    }
    ResolvedError: {
      /** @description Keeps its meaning when groups are merged */
      id: string
      /** @description Empty for none */
      tenant: string
      /** @description service.namespace */
      namespace: string
      /** @description service.name */
      service: string
      /** @description The module attribute, else the name of the scope */
      module: string
      /** @description Name of the span; empty of a log record */
      operation: string
      /** @description exception.type without what is in it of the message; else what stands for it */
      class: string
      /** @description ECONNREFUSED, 23505, 500 */
      code: string | null
      /** @description Without what differs from throw to throw */
      message: string
      /** @description The function it was thrown in, else what is known of the place */
      culprit: string
      /**
       * @description new becomes ongoing after 7 days; these, escalating and regressed are unresolved; health counts those but ongoing
       * @enum {string}
       */
      state: 'new' | 'ongoing' | 'escalating' | 'regressed' | 'resolved' | 'muted'
      /** @description RFC 3339 */
      stateSince: string | null
      /** @description Who looks after it */
      assignee: string | null
      /** @description The last one; null when it was never resolved, or reopened */
      resolution: {
        at: string
        by: string
        /** @enum {string} */
        kind: 'now' | 'in_release' | 'in_next_release'
        /** @description service.version; null while the next one is not there */
        release: string | null
        /** @description What was said about it */
        notes: string | null
      } | null
      /** @description Null when it is not muted; it does not end where it says no end */
      mute: {
        at: string
        /** @description When it ends */
        until: string | null
        /** @description So many throws end it */
        count: number | null
        /** @description Within so many minutes */
        minutes: number | null
      } | null
      /** @description Throws in the window, each once, wherever it was told of */
      occurrenceCount: number
      /** @description Those with the severity of an error or worse */
      severeCount: number
      /** @description Those that nothing caught */
      unhandledCount: number
      /** @description Users affected in the window: exact up to 63, then within 13 % or so */
      userCount: number
      /** @description Of all time */
      firstSeen: string
      /** @description Of all time */
      lastSeen: string
      /** @description service.version; null where none was told */
      firstRelease: string | null
      /** @description Likewise */
      lastRelease: string | null
    }
    SystemHealthQuery: {
      /** @description Length of the window before until; 5 minutes unless since is given */
      hours?: number
      /** @description Begin of the window: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      since?: string
      /** @description End of the window, now by default: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      until?: string
      /** @description Only this service.name */
      service?: string
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description As the worst service is */
    SystemHealth: {
      /**
       * @description of the window; the worst criterion and the worst service decide
       * @enum {string}
       */
      status: 'no_data' | 'insufficient_data' | 'healthy' | 'degraded' | 'critical'
      /**
       * @description Does not flap: entered when two of three verdicts in successive minutes, each over five, say so; left one step at a time, when three in a row lie below 0.8 of its limits. Unresolved errors count as they are now. null where minutes are not kept any more
       * @enum {string|null}
       */
      stableStatus: 'no_data' | 'insufficient_data' | 'healthy' | 'degraded' | 'critical' | null
      /** @description When it came to be, at most half an hour before the end */
      stableSince: string | null
      /** @description Of the services with that status; empty when healthy */
      reasons: {
        /** @enum {string} */
        criterion: 'error_rate' | 'p95' | 'unresolved_errors' | 'sample_size'
        value: number
        /** @description The one that is passed */
        limit: number
        /** @description %, ms, requests, spans, or empty */
        unit: string
        /**
         * @description of the window; the worst criterion and the worst service decide
         * @enum {string}
         */
        status: 'no_data' | 'insufficient_data' | 'healthy' | 'degraded' | 'critical'
        /** @description The same in words, with the figures */
        message: string
        /** @description Whose it is */
        service: string
      }[]
      /** @description null of the whole */
      module: string | null
      /** @description SERVER and CONSUMER spans and INTERNAL roots; of a module all spans */
      requests: {
        /** @description Received */
        count: number
        /** @description How many they stand for by their sampling */
        adjustedCount: number
        /** @description Of those they stand for */
        ratePerSecond: number
      }
      performance: {
        /** @description null without a known duration */
        avgResponseTimeMs: number | null
        /** @description Median; percentiles are within 2.2 % of exact */
        p50ResponseTimeMs: number | null
        /** @description 95th percentile */
        p95ResponseTimeMs: number | null
        /** @description 99th percentile */
        p99ResponseTimeMs: number | null
      }
      errors: {
        /** @description Percent, sampled ones weighed; null without requests */
        errorRate: number | null
        /** @description Those with status error, or SERVER with an HTTP status from 500 on */
        errorCount: number
        /** @description Groups of errors in the states new, escalating or regressed, with throws of the severity of an error in the window */
        unresolvedErrors: number | null
      }
      /** @description Worst first; those seen in the window or in the half hour before its end */
      services: {
        /** @description Empty for none */
        tenant: string
        /** @description deployment.environment.name */
        environment: string
        /** @description service.namespace */
        namespace: string
        /** @description service.name */
        service: string
        /**
         * @description of the window; the worst criterion and the worst service decide
         * @enum {string}
         */
        status: 'no_data' | 'insufficient_data' | 'healthy' | 'degraded' | 'critical'
        /**
         * @description Does not flap: entered when two of three verdicts in successive minutes, each over five, say so; left one step at a time, when three in a row lie below 0.8 of its limits. Unresolved errors count as they are now. null where minutes are not kept any more
         * @enum {string|null}
         */
        stableStatus: 'no_data' | 'insufficient_data' | 'healthy' | 'degraded' | 'critical' | null
        /** @description When it came to be, at most half an hour before the end */
        stableSince: string | null
        reasons: {
          /** @enum {string} */
          criterion: 'error_rate' | 'p95' | 'unresolved_errors' | 'sample_size'
          value: number
          /** @description The one that is passed */
          limit: number
          /** @description %, ms, requests, spans, or empty */
          unit: string
          /**
           * @description of the window; the worst criterion and the worst service decide
           * @enum {string}
           */
          status: 'no_data' | 'insufficient_data' | 'healthy' | 'degraded' | 'critical'
          /** @description The same in words, with the figures */
          message: string
        }[]
        /** @description SERVER and CONSUMER spans and INTERNAL roots; of a module all spans */
        requests: {
          /** @description Received */
          count: number
          /** @description How many they stand for by their sampling */
          adjustedCount: number
          /** @description Of those they stand for */
          ratePerSecond: number
        }
        performance: {
          /** @description null without a known duration */
          avgResponseTimeMs: number | null
          /** @description Median; percentiles are within 2.2 % of exact */
          p50ResponseTimeMs: number | null
          /** @description 95th percentile */
          p95ResponseTimeMs: number | null
          /** @description 99th percentile */
          p99ResponseTimeMs: number | null
        }
        errors: {
          /** @description Percent, sampled ones weighed; null without requests */
          errorRate: number | null
          /** @description Those with status error, or SERVER with an HTTP status from 500 on */
          errorCount: number
          /** @description Groups of errors in the states new, escalating or regressed, with throws of the severity of an error in the window */
          unresolvedErrors: number | null
        }
      }[]
      /** @description Whole minutes, and whole hours where minutes are not kept any more */
      window: {
        since: string
        until: string
      }
      /** @description Why figures may still change or lack something; empty when they are complete */
      gaps: string[]
    }
    ModuleHealthQuery: {
      /** @description Length of the window before until; 5 minutes unless since is given */
      hours?: number
      /** @description Begin of the window: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      since?: string
      /** @description End of the window, now by default: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      until?: string
      /** @description Only this service.name */
      service?: string
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description As the worst service is */
    ModuleHealth: {
      /**
       * @description of the window; the worst criterion and the worst service decide
       * @enum {string}
       */
      status: 'no_data' | 'insufficient_data' | 'healthy' | 'degraded' | 'critical'
      /**
       * @description Does not flap: entered when two of three verdicts in successive minutes, each over five, say so; left one step at a time, when three in a row lie below 0.8 of its limits. Unresolved errors count as they are now. null where minutes are not kept any more
       * @enum {string|null}
       */
      stableStatus: 'no_data' | 'insufficient_data' | 'healthy' | 'degraded' | 'critical' | null
      /** @description When it came to be, at most half an hour before the end */
      stableSince: string | null
      /** @description Of the services with that status; empty when healthy */
      reasons: {
        /** @enum {string} */
        criterion: 'error_rate' | 'p95' | 'unresolved_errors' | 'sample_size'
        value: number
        /** @description The one that is passed */
        limit: number
        /** @description %, ms, requests, spans, or empty */
        unit: string
        /**
         * @description of the window; the worst criterion and the worst service decide
         * @enum {string}
         */
        status: 'no_data' | 'insufficient_data' | 'healthy' | 'degraded' | 'critical'
        /** @description The same in words, with the figures */
        message: string
        /** @description Whose it is */
        service: string
      }[]
      /** @description null of the whole */
      module: string | null
      /** @description SERVER and CONSUMER spans and INTERNAL roots; of a module all spans */
      requests: {
        /** @description Received */
        count: number
        /** @description How many they stand for by their sampling */
        adjustedCount: number
        /** @description Of those they stand for */
        ratePerSecond: number
      }
      performance: {
        /** @description null without a known duration */
        avgResponseTimeMs: number | null
        /** @description Median; percentiles are within 2.2 % of exact */
        p50ResponseTimeMs: number | null
        /** @description 95th percentile */
        p95ResponseTimeMs: number | null
        /** @description 99th percentile */
        p99ResponseTimeMs: number | null
      }
      errors: {
        /** @description Percent, sampled ones weighed; null without requests */
        errorRate: number | null
        /** @description Those with status error, or SERVER with an HTTP status from 500 on */
        errorCount: number
        /** @description Groups of errors in the states new, escalating or regressed, with throws of the severity of an error in the window */
        unresolvedErrors: number | null
      }
      /** @description Worst first; those seen in the window or in the half hour before its end */
      services: {
        /** @description Empty for none */
        tenant: string
        /** @description deployment.environment.name */
        environment: string
        /** @description service.namespace */
        namespace: string
        /** @description service.name */
        service: string
        /**
         * @description of the window; the worst criterion and the worst service decide
         * @enum {string}
         */
        status: 'no_data' | 'insufficient_data' | 'healthy' | 'degraded' | 'critical'
        /**
         * @description Does not flap: entered when two of three verdicts in successive minutes, each over five, say so; left one step at a time, when three in a row lie below 0.8 of its limits. Unresolved errors count as they are now. null where minutes are not kept any more
         * @enum {string|null}
         */
        stableStatus: 'no_data' | 'insufficient_data' | 'healthy' | 'degraded' | 'critical' | null
        /** @description When it came to be, at most half an hour before the end */
        stableSince: string | null
        reasons: {
          /** @enum {string} */
          criterion: 'error_rate' | 'p95' | 'unresolved_errors' | 'sample_size'
          value: number
          /** @description The one that is passed */
          limit: number
          /** @description %, ms, requests, spans, or empty */
          unit: string
          /**
           * @description of the window; the worst criterion and the worst service decide
           * @enum {string}
           */
          status: 'no_data' | 'insufficient_data' | 'healthy' | 'degraded' | 'critical'
          /** @description The same in words, with the figures */
          message: string
        }[]
        /** @description SERVER and CONSUMER spans and INTERNAL roots; of a module all spans */
        requests: {
          /** @description Received */
          count: number
          /** @description How many they stand for by their sampling */
          adjustedCount: number
          /** @description Of those they stand for */
          ratePerSecond: number
        }
        performance: {
          /** @description null without a known duration */
          avgResponseTimeMs: number | null
          /** @description Median; percentiles are within 2.2 % of exact */
          p50ResponseTimeMs: number | null
          /** @description 95th percentile */
          p95ResponseTimeMs: number | null
          /** @description 99th percentile */
          p99ResponseTimeMs: number | null
        }
        errors: {
          /** @description Percent, sampled ones weighed; null without requests */
          errorRate: number | null
          /** @description Those with status error, or SERVER with an HTTP status from 500 on */
          errorCount: number
          /** @description Groups of errors in the states new, escalating or regressed, with throws of the severity of an error in the window */
          unresolvedErrors: number | null
        }
      }[]
      /** @description Whole minutes, and whole hours where minutes are not kept any more */
      window: {
        since: string
        until: string
      }
      /** @description Why figures may still change or lack something; empty when they are complete */
      gaps: string[]
    }
    SLAMetricsQuery: {
      /** @description Length of the window before until; 24 unless since is given */
      hours?: number
      /** @description Begin of the window: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      since?: string
      /** @description End of the window, now by default: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      until?: string
      /** @description Only this service.name */
      service?: string
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description What was promised, and how it was kept */
    SLAMetrics: {
      /** @description null: all of them */
      service: string | null
      /** @description Requests received: SERVER and CONSUMER spans and INTERNAL roots */
      requestCount: number
      /** @description How many they stand for by their sampling */
      adjustedRequestCount: number
      /** @description Of those received, those that failed */
      errorCount: number
      /** @description Percent that did not fail; null without requests */
      availability: number | null
      /** @description Percent that failed */
      errorRate: number | null
      /** @description Milliseconds; percentiles are within 2.2 % of exact */
      latencyP50: number | null
      /** @description Milliseconds */
      latencyP95: number | null
      /** @description Milliseconds */
      latencyP99: number | null
      /** @description The availability that is promised, percent */
      target: number
      /** @description Whether what is promised is kept, of latency too; null without requests */
      isCompliant: boolean | null
      /** @description null: nothing is promised about latency */
      latencyThresholdMs: number | null
      /** @description Percent of requests that are to end within it */
      latencyTarget: number | null
      /** @description Percent that did */
      latencyWithin: number | null
      /** @description null where nothing is promised or known */
      isLatencyCompliant: boolean | null
      /** @description Requests that may fail, of those there were */
      budgetTotal: number | null
      /** @description Requests that failed, sampled ones weighed */
      budgetUsed: number | null
      /** @description Below 0 when more failed than may */
      budgetRemaining: number | null
      /** @description Of the budget */
      budgetUsedPercent: number | null
      /** @description Of the budget */
      budgetRemainingPercent: number | null
      /** @description 1 uses all of the budget in the window, and no more */
      burnRate: number | null
      /** @description Of the last hour before its end */
      burnRate1h: number | null
      /** @description Of the last six hours */
      burnRate6h: number | null
      /** @description When the budget is used up at the rate of the last hour; null when it lasts */
      exhaustedInSeconds: number | null
      /** @description Whole minutes, and whole hours where minutes are not kept any more */
      window: {
        since: string
        until: string
      }
      /** @description Why figures may still change or lack something; empty when they are complete */
      gaps: string[]
      /** @description There are no gaps */
      isComplete: boolean
    }
    AlertConditionsQuery: {
      /** @description Length of the window before until; 5 minutes unless since is given */
      hours?: number
      /** @description Begin of the window: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      since?: string
      /** @description End of the window, now by default: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      until?: string
      /** @description Only this service.name */
      service?: string
      /** @description Those that the spans of this module pass. Of a service or module, or an end before now, there are none about webhooks, rules, APIs, queries and rate limits */
      module?: string
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description Critical ones first; empty when no limit is passed */
    AlertConditions: {
      /**
       * @description warning for degraded
       * @enum {string}
       */
      severity: 'critical' | 'warning'
      /** @description In words, with the figures */
      message: string
      /**
       * @description error_pattern: in an hour 10 throws of one unresolved error with the severity of an error, or 3 fatal errors of a service. webhook_failure: 5 deliveries failed in a row, critical from 10. webhook_inactive, rule_not_triggering: enabled, and nothing for 7 days. api_error_rate: more than half of the requests of an hour failed. slow_query: a database query took more than 5 s. rate_limit: more than 90 % used up
       * @enum {string}
       */
      type:
        | 'error_rate'
        | 'p95'
        | 'unresolved_errors'
        | 'sample_size'
        | 'error_pattern'
        | 'webhook_failure'
        | 'webhook_inactive'
        | 'rule_not_triggering'
        | 'api_error_rate'
        | 'slow_query'
        | 'rate_limit'
      /** @description The service, the group of errors, the webhook, the rule, or whatever it is */
      resourceId: string
      /** @description The same for people */
      resourceName: string
      /** @description Empty for none */
      tenant: string
      /** @description deployment.environment.name */
      environment: string
      /** @description service.namespace */
      namespace: string
      /** @description service.name */
      service: string
      /** @description null where it is about the requests of the service */
      module: string | null
      /**
       * @description error_pattern: in an hour 10 throws of one unresolved error with the severity of an error, or 3 fatal errors of a service. webhook_failure: 5 deliveries failed in a row, critical from 10. webhook_inactive, rule_not_triggering: enabled, and nothing for 7 days. api_error_rate: more than half of the requests of an hour failed. slow_query: a database query took more than 5 s. rate_limit: more than 90 % used up
       * @enum {string}
       */
      criterion:
        | 'error_rate'
        | 'p95'
        | 'unresolved_errors'
        | 'sample_size'
        | 'error_pattern'
        | 'webhook_failure'
        | 'webhook_inactive'
        | 'rule_not_triggering'
        | 'api_error_rate'
        | 'slow_query'
        | 'rate_limit'
      /** @description null where the message alone has it */
      value: number | null
      /** @description The one that is passed; null likewise */
      limit: number | null
      /** @description %, ms, errors, or empty */
      unit: string
      /** @description The group of errors it is about, if it is about one */
      errorId: string | null
      /** @description The first of the latest minutes in all of which it was passed, at most half an hour ago; of unresolved errors the last minute; of a pattern of errors the begin of the hour, or the first throw ever; null where it is not known */
      since: string | null
    }[]
    MonitoringMetricsQuery: {
      /**
       * @description Which part to answer; all by default
       * @enum {string}
       */
      type?: 'webhook' | 'rule' | 'rate_limit' | 'alerts' | 'all'
      /** @description The same as tenant */
      org_id?: string
      /** @description Of webhooks only this one */
      webhook_id?: string
      /**
       * @description Most webhooks, rules and rate limits to answer with
       * @default 1000
       */
      limit?: number
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description Parts that were not asked for are left out */
    MonitoringMetrics: {
      /** @description The tenant, empty for all */
      org_id: string
      /** @description When it was answered, RFC 3339 */
      timestamp: string
      webhooks?: {
        summary: {
          /** @description Registered, or with a delivery */
          total_webhooks: number
          /** @description Of them */
          enabled_webhooks: number
          /** @description Of all */
          total_deliveries: number
          /** @description Of them */
          successful_deliveries: number
          /** @description Of them */
          failed_deliveries: number
          /** @description Percent, the mean of those that have deliveries, each counting alike; null without any */
          avg_success_rate: number | null
          /** @description Those whose latest delivery failed */
          webhooks_with_failures: number
          /** @description Enabled ones with 10 failures in a row or more */
          critical_webhooks: number
        }
        /** @description Worst first, disabled ones last */
        webhooks: {
          /** @description As it was told */
          webhook_id: string
          /** @description null until it is registered */
          url: string | null
          /** @description As it was registered last; true until it is */
          enabled: boolean
          /** @description Ever, as far as rollups are kept */
          total_deliveries: number
          /** @description Of them */
          successful_deliveries: number
          /** @description Of them */
          failed_deliveries: number
          /** @description Percent; null without deliveries */
          success_rate_pct: number | null
          /** @description null without a known duration */
          avg_duration_ms: number | null
          /** @description Within 2.2 % of exact */
          p95_duration_ms: number | null
          /** @description Slowest */
          max_duration_ms: number | null
          /** @description In the last 24 hours */
          deliveries_24h: number
          /** @description In the last 7 days */
          deliveries_7d: number
          /** @description In the last 24 hours */
          failures_24h: number
          /** @description Since the last success, by the times at which they happened */
          consecutive_failures: number
          /** @description RFC 3339: of the latest delivery that succeeded */
          last_success_at: string | null
          /** @description RFC 3339: of the latest delivery that failed */
          last_failure_at: string | null
          /** @description Empty for none */
          tenant: string
        }[]
      }
      rules?: {
        summary: {
          /** @description Registered, or with an execution */
          total_rules: number
          /** @description Of them */
          enabled_rules: number
          /** @description Executions of all */
          total_triggers: number
          /** @description In the last 24 hours */
          triggers_24h: number
          /** @description In the last 7 days */
          triggers_7d: number
          /** @description Those without a type are unknown */
          rules_by_type: {
            [key: string]: number
          }
        }
        /** @description Worst first: enabled ones without an execution in 7 days, then by failures */
        rules: {
          /** @description As it was told */
          rule_id: string
          /** @description null until it is registered */
          rule_name: string | null
          /** @description null until it is registered */
          rule_type: string | null
          /** @description As it was registered last; true until it is */
          enabled: boolean
          /** @description Executions */
          trigger_count: number
          /** @description Of them */
          success_count: number
          /** @description Of them */
          failure_count: number
          /** @description In the last 24 hours */
          executions_24h: number
          /** @description In the last 7 days */
          executions_7d: number
          /** @description What all executions changed together */
          affected_total: number
          /** @description As it was registered last */
          segment_member_count: number | null
          /** @description RFC 3339: of the latest execution */
          last_triggered_at: string | null
          /** @description Empty for none */
          tenant: string
        }[]
      }
      /** @description The most used up first */
      rate_limits?: {
        /** @description api_key, org or ip */
        key_type: string
        /** @description Who is limited */
        identifier: string
        /** @description As it was observed last; 0 after the reset */
        request_count: number | null
        /** @description The limit */
        limit_max: number | null
        /** @description Percent; null without a limit */
        utilization_pct: number | null
        /** @enum {string} */
        status: 'throttled' | 'warning' | 'normal'
        /** @description null where no reset was told */
        seconds_until_reset: number | null
        /** @description Empty for none */
        tenant: string
      }[]
      alerts?: {
        /** @description Conditions */
        total: number
        /** @description Of them */
        critical: number
        /** @description Of them */
        warning: number
        /** @description Critical ones first */
        alerts: {
          /**
           * @description error_pattern: in an hour 10 throws of one unresolved error with the severity of an error, or 3 fatal errors of a service. webhook_failure: 5 deliveries failed in a row, critical from 10. webhook_inactive, rule_not_triggering: enabled, and nothing for 7 days. api_error_rate: more than half of the requests of an hour failed. slow_query: a database query took more than 5 s. rate_limit: more than 90 % used up
           * @enum {string}
           */
          type:
            | 'error_rate'
            | 'p95'
            | 'unresolved_errors'
            | 'sample_size'
            | 'error_pattern'
            | 'webhook_failure'
            | 'webhook_inactive'
            | 'rule_not_triggering'
            | 'api_error_rate'
            | 'slow_query'
            | 'rate_limit'
          /**
           * @description warning for degraded
           * @enum {string}
           */
          severity: 'critical' | 'warning'
          /** @description The service, the group of errors, the webhook, the rule, or whatever it is */
          resource_id: string
          /** @description The same for people */
          resource_name: string
          /** @description In words, with the figures */
          message: string
        }[]
      }
    }
    CostsQuery: {
      /** @description Length of the window before until; 24 unless since is given */
      hours?: number
      /** @description Begin of the window: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      since?: string
      /** @description End of the window, now by default: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      until?: string
      /** @description What costs are told apart by, separated by commas: user, endpoint, day, service, tenant; user by default, none for the total alone */
      groupBy?: string
      /** @description Only this user */
      user?: string
      /** @description Only this endpoint */
      endpoint?: string
      /** @description Only this service.name */
      service?: string
      /**
       * @description Largest first of cost or count, or the first day first; cost by default
       * @enum {string}
       */
      order?: 'cost' | 'count' | 'day'
      /**
       * @description Most groups to answer with
       * @default 100
       */
      limit?: number
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description Costs by group; those of business events are not among them */
    Costs: {
      /** @description Whole hours */
      window: {
        since: string
        until: string
      }
      /** @description Of all groups, those beyond the limit too */
      totalUsd: number
      /** @description Costs that were told, of all groups */
      count: number
      costs: {
        /** @description Empty for nobody; null where users are not told apart, as below */
        user: string | null
        /** @description As it was told */
        endpoint: string | null
        /** @description As in 2026-03-01, UTC */
        day: string | null
        /** @description service.name */
        service: string | null
        /** @description Empty for none */
        tenant: string | null
        /** @description US dollars */
        costUsd: number
        /** @description Costs that were told */
        count: number
      }[]
      /** @description There are more groups */
      truncated: boolean
    }
    BusinessEventsQuery: {
      /** @description Length of the window before until; 24 unless since is given */
      hours?: number
      /** @description Begin of the window: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      since?: string
      /** @description End of the window, now by default: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      until?: string
      /** @description Only events of this name */
      name?: string
      /**
       * @description Only events of this status
       * @enum {string}
       */
      status?: 'started' | 'completed' | 'failed'
      /** @description Only this service.name */
      service?: string
      /** @description Only those of this user */
      user?: string
      /** @description Only those with this correlation or request id */
      correlationId?: string
      /**
       * @description Most events to answer with
       * @default 100
       */
      limit?: number
      /** @description nextCursor of the page before, with the same parameters; it keeps the window */
      cursor?: string
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description Business events in order of time */
    BusinessEvents: {
      /** @description Newest first */
      events: {
        /** @description RFC 3339 with nanoseconds */
        time: string
        /** @description Of the event */
        name: string
        /** @enum {string} */
        status: 'started' | 'completed' | 'failed'
        /** @description Empty for none */
        tenant: string
        /** @description service.name */
        service: string
        /** @description From its start; null where it was not told */
        durationMs: number | null
        /** @description US dollars; null where none was told */
        costUsd: number | null
        /** @description How many things it was about; null where it was not told */
        count: number | null
        /** @description user.id, or another name of it */
        userId: string | null
        /** @description The first attribute that holds a correlation id */
        correlationId: string | null
        /** @description 32 hex digits */
        traceId: string | null
        /** @description 16 hex digits */
        spanId: string | null
        /** @description int64 values are strings, doubles numbers; NaN and infinities {"$double":"NaN"}, bytes {"$bytes":"base64"}; a key that itself begins with $ has one $ more */
        attributes: {
          [key: string]: unknown
        }
      }[]
      /** @description Goes on behind these events, with the same parameters; null at the end. There may be one with fewer events than the limit, even none: the time was over */
      nextCursor: string | null
      /** @description From here to searchedUntil these pages have every match so far */
      searchedSince: string | null
      /** @description See searchedSince */
      searchedUntil: string | null
    }
    BusinessSeriesQuery: {
      /** @description Length of the window before until; 24 unless since is given */
      hours?: number
      /** @description Begin of the window: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      since?: string
      /** @description End of the window, now by default: an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d */
      until?: string
      /** @description Only events of this name */
      name?: string
      /**
       * @description Only events of this status
       * @enum {string}
       */
      status?: 'started' | 'completed' | 'failed'
      /** @description Only this service.name */
      service?: string
      /** @description Length of a step: seconds, or 30s, 5m, 1h, 1d; by default the round one that makes at most 200 steps, and never so short that there are more than 11000. Steps begin at multiples of their length since 1970. Whole minutes; whole hours unless one is named in windows of more than six, and where events are not kept any more */
      step?: string
      /**
       * @description Most series to answer with
       * @default 50
       */
      limit?: number
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description Business events by name, status and step */
    BusinessSeries: {
      /** @description Whole minutes, and whole hours where minutes are not kept any more */
      window: {
        since: string
        until: string
      }
      stepSeconds: number
      /** @description Begin of each step */
      times: string[]
      /** @description Those with the most events first */
      series: {
        /** @description Of the events */
        name: string
        /** @enum {string} */
        status: 'started' | 'completed' | 'failed'
        /** @description Events of the window */
        total: number
        totalCostUsd: number
        /** @description Events, one number a step */
        counts: number[]
        /** @description US dollars likewise */
        costsUsd: number[]
        /** @description Means likewise */
        avgDurationsMs: (number | null)[]
        /** @description Slowest likewise */
        maxDurationsMs: (number | null)[]
      }[]
      /** @description There are more series */
      truncated: boolean
    }
    CorrelationQuery: {
      /**
       * @description Most traces to answer with, the newest ones
       * @default 20
       */
      limit?: number
      /** @description Only this tenant, empty for none; a token that is bound to one asks about that one */
      tenant?: string
    }
    /** @description The whole story of an id */
    Correlation: {
      /** @description As asked; only its first 256 bytes count */
      id: string
      /** @description The earliest SERVER or CONSUMER span, else INTERNAL root, that carries the id; else of these traces */
      request: {
        traceId: string
        spanId: string
        /** @description service.name */
        service: string
        name: string
        /** @description internal, server, client, producer, consumer or unspecified */
        kind: string
        /** @description unset, ok or error */
        status: string
        /** @description http.request.method */
        method: string | null
        /** @description http.route, else the path */
        route: string | null
        /** @description http.response.status_code */
        statusCode: number | null
        /** @description RFC 3339 with nanoseconds; null when none was sent */
        startTime: string | null
        /** @description null without an end, or with one before the start */
        durationMs: number | null
      } | null
      /** @description Newest first */
      traceIds: string[]
      /** @description There are more traces; these are the newest */
      truncated: boolean
      /** @description In order of their first span or record */
      services: string[]
      /** @description Of the first span or log record */
      startTime: string | null
      /** @description Of the last span or log record */
      endTime: string | null
      /** @description Of these traces, in order of start */
      spans: components['schemas']['StoredSpan'][]
      /** @description There are more spans; these are the earliest */
      spansTruncated: boolean
      /** @description Of these traces, and those without a trace that carry the id, in order of time */
      logs: components['schemas']['Log'][]
      /** @description There are more log records */
      logsTruncated: boolean
      /** @description Among these spans and records, in order of time; an exception on a span that was logged too is listed once */
      errors: {
        /** @enum {string} */
        source: 'span' | 'log'
        /** @description exception.type or error.type */
        type: string | null
        /** @description exception.message, else the status message or the body */
        message: string
        /** @description exception.stacktrace */
        stack: string | null
        /** @description RFC 3339 with nanoseconds */
        time: string | null
        /** @description 32 hex digits */
        traceId: string | null
        /** @description 16 hex digits */
        spanId: string | null
        /** @description service.name */
        service: string
      }[]
      /** @description There are more errors; these are the earliest */
      errorsTruncated: boolean
      /** @description Throws that were kept of these traces, each once, in the groups they are of; 1000 at most */
      occurrences: components['schemas']['ErrorOccurrence'][]
    }
    Span: {
      traceId: string
      spanId: string
      /** @description 16 hex digits; null for a root */
      parentSpanId: string | null
      name: string
      /** @description service.name */
      service: string
      /** @description The module attribute, else the name of the instrumentation scope */
      module: string
      /** @description internal, server, client, producer, consumer or unspecified */
      kind: string
      /** @description unset, ok or error */
      status: string
      statusMessage: string
      /** @description W3C tracestate */
      traceState: string
      /** @description W3C trace flags and the remote bits */
      flags: number
      /** @description RFC 3339 with nanoseconds; null when none was sent */
      startTime: string | null
      /** @description The same in nanoseconds since 1970 */
      startTimeUnixNano: string | null
      /** @description RFC 3339 with nanoseconds; null when none was sent */
      endTime: string | null
      /** @description The same in nanoseconds since 1970 */
      endTimeUnixNano: string | null
      /** @description null without an end, or with one before the start */
      durationMs: number | null
      /** @description int64 values are strings, doubles numbers; NaN and infinities {"$double":"NaN"}, bytes {"$bytes":"base64"}; a key that itself begins with $ has one $ more */
      attributes: {
        [key: string]: unknown
      }
      /** @description Attributes the sender left out */
      droppedAttributesCount: number
      events: {
        name: string
        /** @description RFC 3339 with nanoseconds; null when none was sent */
        time: string | null
        /** @description The same in nanoseconds since 1970 */
        timeUnixNano: string | null
        /** @description int64 values are strings, doubles numbers; NaN and infinities {"$double":"NaN"}, bytes {"$bytes":"base64"}; a key that itself begins with $ has one $ more */
        attributes: {
          [key: string]: unknown
        }
        /** @description Attributes the sender left out */
        droppedAttributesCount: number
      }[]
      /** @description Events the sender left out */
      droppedEventsCount: number
      links: {
        /** @description 32 hex digits */
        traceId: string
        /** @description 16 hex digits */
        spanId: string
        traceState: string
        /** @description W3C trace flags and the remote bits */
        flags: number
        /** @description int64 values are strings, doubles numbers; NaN and infinities {"$double":"NaN"}, bytes {"$bytes":"base64"}; a key that itself begins with $ has one $ more */
        attributes: {
          [key: string]: unknown
        }
        /** @description Attributes the sender left out */
        droppedAttributesCount: number
      }[]
      /** @description Links the sender left out */
      droppedLinksCount: number
      resource: {
        /** @description int64 values are strings, doubles numbers; NaN and infinities {"$double":"NaN"}, bytes {"$bytes":"base64"}; a key that itself begins with $ has one $ more */
        attributes: {
          [key: string]: unknown
        }
        /** @description Attributes the sender left out */
        droppedAttributesCount: number
        entityRefs: {
          schemaUrl: string
          type: string
          idKeys: string[]
          descriptionKeys: string[]
        }[]
        schemaUrl: string
      }
      scope: {
        name: string
        version: string
        /** @description int64 values are strings, doubles numbers; NaN and infinities {"$double":"NaN"}, bytes {"$bytes":"base64"}; a key that itself begins with $ has one $ more */
        attributes: {
          [key: string]: unknown
        }
        /** @description Attributes the sender left out */
        droppedAttributesCount: number
        schemaUrl: string
      }
      /** @description Steps from the root of its tree */
      depth: number
      /** @description Time in which none of its children ran */
      selfTimeMs: number | null
    }
    TraceNode: {
      spanId: string
      /** @description A parent that children name but that was not received */
      missing?: boolean
      /** @description Too deep: the span and those below are in spans only */
      truncated?: boolean
      name?: string
      /** @description service.name */
      service?: string
      /** @description The module attribute, else the name of the instrumentation scope */
      module?: string
      /** @description internal, server, client, producer, consumer or unspecified */
      kind?: string
      /** @description unset, ok or error */
      status?: string
      /** @description RFC 3339 with nanoseconds; null when none was sent */
      startTime?: string | null
      /** @description null without an end, or with one before the start */
      durationMs?: number | null
      /** @description Time in which none of its children ran */
      selfTimeMs?: number | null
      children: components['schemas']['TraceNode'][]
    }
    Log: {
      /** @description RFC 3339 with nanoseconds; when it was observed or received where no time was sent */
      time: string
      /** @description Nanoseconds since 1970; null when none was sent */
      timeUnixNano: string | null
      /** @description RFC 3339 with nanoseconds; null when none was sent */
      observedTime: string | null
      /** @description The same in nanoseconds since 1970 */
      observedTimeUnixNano: string | null
      /** @description trace, debug, info, warn, error or fatal; null when unknown */
      severity: string | null
      /** @description 1 to 24; from the text where no number was sent */
      severityNumber: number
      /** @description As sent, else the short name of the number */
      severityText: string | null
      /** @description The number as sent; 0 without one */
      sentSeverityNumber: number
      /** @description The text as sent; null without one */
      sentSeverityText: string | null
      /** @description The name of the event; null for a record that is none */
      eventName: string | null
      /** @description A string, or a value in the form of attribute values; null without one */
      body: unknown
      /** @description 32 hex digits */
      traceId: string | null
      /** @description 16 hex digits */
      spanId: string | null
      /** @description W3C trace flags */
      flags: number
      /** @description service.name */
      service: string
      /** @description int64 values are strings, doubles numbers; NaN and infinities {"$double":"NaN"}, bytes {"$bytes":"base64"}; a key that itself begins with $ has one $ more */
      attributes: {
        [key: string]: unknown
      }
      /** @description Attributes the sender left out */
      droppedAttributesCount: number
      resource: {
        /** @description int64 values are strings, doubles numbers; NaN and infinities {"$double":"NaN"}, bytes {"$bytes":"base64"}; a key that itself begins with $ has one $ more */
        attributes: {
          [key: string]: unknown
        }
        /** @description Attributes the sender left out */
        droppedAttributesCount: number
        entityRefs: {
          schemaUrl: string
          type: string
          idKeys: string[]
          descriptionKeys: string[]
        }[]
        schemaUrl: string
      }
      scope: {
        name: string
        version: string
        /** @description int64 values are strings, doubles numbers; NaN and infinities {"$double":"NaN"}, bytes {"$bytes":"base64"}; a key that itself begins with $ has one $ more */
        attributes: {
          [key: string]: unknown
        }
        /** @description Attributes the sender left out */
        droppedAttributesCount: number
        schemaUrl: string
      }
    }
    ErrorOccurrence: {
      /** @description Of the throw */
      id: string
      /** @description Of its group */
      groupId: string
      /** @description Its fingerprint */
      hash: string
      /** @description RFC 3339 with nanoseconds */
      time: string
      /** @description service.name */
      service: string
      /** @description deployment.environment.name */
      environment: string
      /** @description The module attribute, else the name of the scope */
      module: string
      /** @description Name of the span; empty of a log record */
      operation: string
      /** @description service.version */
      release: string | null
      /** @enum {string} */
      severity: 'debug' | 'info' | 'warning' | 'error' | 'fatal'
      /** @description Something caught it */
      isHandled: boolean
      /** @description The sender left something out, or it was cut */
      isIncomplete: boolean
      /** @description What told of it */
      source: string
      /** @description As it was thrown */
      class: string
      /** @description As it was thrown */
      code: string | null
      /** @description As it was thrown */
      message: string
      /** @description exception.stacktrace */
      stackTrace: string | null
      /** @description From the outermost to the cause, with their frames */
      exceptions: unknown[]
      /** @description 32 hex digits */
      traceId: string | null
      /** @description 16 hex digits */
      spanId: string | null
      /** @description Of the user affected */
      userId: string | null
      /** @description For /api/v1/correlations */
      correlationId: string | null
      /** @description Likewise */
      requestId: string | null
      /** @description http.request.method */
      httpMethod: string | null
      /** @description url.path */
      httpPath: string | null
      /** @description int64 values are strings, doubles numbers; NaN and infinities {"$double":"NaN"}, bytes {"$bytes":"base64"}; a key that itself begins with $ has one $ more */
      attributes: {
        [key: string]: unknown
      }
    }
    ErrorGroup: {
      /** @description Keeps its meaning when groups are merged */
      id: string
      /** @description Empty for none */
      tenant: string
      /** @description service.namespace */
      namespace: string
      /** @description service.name */
      service: string
      /** @description The module attribute, else the name of the scope */
      module: string
      /** @description Name of the span; empty of a log record */
      operation: string
      /** @description exception.type without what is in it of the message; else what stands for it */
      class: string
      /** @description ECONNREFUSED, 23505, 500 */
      code: string | null
      /** @description Without what differs from throw to throw */
      message: string
      /** @description The function it was thrown in, else what is known of the place */
      culprit: string
      /**
       * @description new becomes ongoing after 7 days; these, escalating and regressed are unresolved; health counts those but ongoing
       * @enum {string}
       */
      state: 'new' | 'ongoing' | 'escalating' | 'regressed' | 'resolved' | 'muted'
      /** @description RFC 3339 */
      stateSince: string | null
      /** @description Who looks after it */
      assignee: string | null
      /** @description The last one; null when it was never resolved, or reopened */
      resolution: {
        at: string
        by: string
        /** @enum {string} */
        kind: 'now' | 'in_release' | 'in_next_release'
        /** @description service.version; null while the next one is not there */
        release: string | null
        /** @description What was said about it */
        notes: string | null
      } | null
      /** @description Null when it is not muted; it does not end where it says no end */
      mute: {
        at: string
        /** @description When it ends */
        until: string | null
        /** @description So many throws end it */
        count: number | null
        /** @description Within so many minutes */
        minutes: number | null
      } | null
      /** @description Throws in the window, each once, wherever it was told of */
      occurrenceCount: number
      /** @description Those with the severity of an error or worse */
      severeCount: number
      /** @description Those that nothing caught */
      unhandledCount: number
      /** @description Users affected in the window: exact up to 63, then within 13 % or so */
      userCount: number
      /** @description Of all time */
      firstSeen: string
      /** @description Of all time */
      lastSeen: string
      /** @description service.version; null where none was told */
      firstRelease: string | null
      /** @description Likewise */
      lastRelease: string | null
    }
    StoredSpan: {
      traceId: string
      spanId: string
      /** @description 16 hex digits; null for a root */
      parentSpanId: string | null
      name: string
      /** @description service.name */
      service: string
      /** @description The module attribute, else the name of the instrumentation scope */
      module: string
      /** @description internal, server, client, producer, consumer or unspecified */
      kind: string
      /** @description unset, ok or error */
      status: string
      statusMessage: string
      /** @description W3C tracestate */
      traceState: string
      /** @description W3C trace flags and the remote bits */
      flags: number
      /** @description RFC 3339 with nanoseconds; null when none was sent */
      startTime: string | null
      /** @description The same in nanoseconds since 1970 */
      startTimeUnixNano: string | null
      /** @description RFC 3339 with nanoseconds; null when none was sent */
      endTime: string | null
      /** @description The same in nanoseconds since 1970 */
      endTimeUnixNano: string | null
      /** @description null without an end, or with one before the start */
      durationMs: number | null
      /** @description int64 values are strings, doubles numbers; NaN and infinities {"$double":"NaN"}, bytes {"$bytes":"base64"}; a key that itself begins with $ has one $ more */
      attributes: {
        [key: string]: unknown
      }
      /** @description Attributes the sender left out */
      droppedAttributesCount: number
      events: {
        name: string
        /** @description RFC 3339 with nanoseconds; null when none was sent */
        time: string | null
        /** @description The same in nanoseconds since 1970 */
        timeUnixNano: string | null
        /** @description int64 values are strings, doubles numbers; NaN and infinities {"$double":"NaN"}, bytes {"$bytes":"base64"}; a key that itself begins with $ has one $ more */
        attributes: {
          [key: string]: unknown
        }
        /** @description Attributes the sender left out */
        droppedAttributesCount: number
      }[]
      /** @description Events the sender left out */
      droppedEventsCount: number
      links: {
        /** @description 32 hex digits */
        traceId: string
        /** @description 16 hex digits */
        spanId: string
        traceState: string
        /** @description W3C trace flags and the remote bits */
        flags: number
        /** @description int64 values are strings, doubles numbers; NaN and infinities {"$double":"NaN"}, bytes {"$bytes":"base64"}; a key that itself begins with $ has one $ more */
        attributes: {
          [key: string]: unknown
        }
        /** @description Attributes the sender left out */
        droppedAttributesCount: number
      }[]
      /** @description Links the sender left out */
      droppedLinksCount: number
      resource: {
        /** @description int64 values are strings, doubles numbers; NaN and infinities {"$double":"NaN"}, bytes {"$bytes":"base64"}; a key that itself begins with $ has one $ more */
        attributes: {
          [key: string]: unknown
        }
        /** @description Attributes the sender left out */
        droppedAttributesCount: number
        entityRefs: {
          schemaUrl: string
          type: string
          idKeys: string[]
          descriptionKeys: string[]
        }[]
        schemaUrl: string
      }
      scope: {
        name: string
        version: string
        /** @description int64 values are strings, doubles numbers; NaN and infinities {"$double":"NaN"}, bytes {"$bytes":"base64"}; a key that itself begins with $ has one $ more */
        attributes: {
          [key: string]: unknown
        }
        /** @description Attributes the sender left out */
        droppedAttributesCount: number
        schemaUrl: string
      }
    }
    /** @description What went wrong (RFC 9457) */
    Problem: {
      type: string
      title: string
      status: number
      detail: string
      /** @description The path that was asked for */
      instance: string
      errors?: {
        /** @description The parameter */
        name: string
        /** @description Its value and what is allowed */
        reason: string
      }[]
    }
  }
  responses: never
  parameters: never
  requestBodies: never
  headers: never
  pathItems: never
}
export type PerformanceStatsQuery = components['schemas']['PerformanceStatsQuery']
export type PerformanceStats = components['schemas']['PerformanceStats']
export type TopSlowOperationsQuery = components['schemas']['TopSlowOperationsQuery']
export type TopSlowOperations = components['schemas']['TopSlowOperations']
export type PerformanceTrendsQuery = components['schemas']['PerformanceTrendsQuery']
export type PerformanceTrends = components['schemas']['PerformanceTrends']
export type SlowOperationsQuery = components['schemas']['SlowOperationsQuery']
export type SlowOperations = components['schemas']['SlowOperations']
export type PerformanceMetricsQuery = components['schemas']['PerformanceMetricsQuery']
export type PerformanceMetrics = components['schemas']['PerformanceMetrics']
export type TraceQuery = components['schemas']['TraceQuery']
export type Trace = components['schemas']['Trace']
export type SlowTracesQuery = components['schemas']['SlowTracesQuery']
export type SlowTraces = components['schemas']['SlowTraces']
export type TraceStatsQuery = components['schemas']['TraceStatsQuery']
export type TraceStats = components['schemas']['TraceStats']
export type FoundTracesQuery = components['schemas']['FoundTracesQuery']
export type FoundTraces = components['schemas']['FoundTraces']
export type FoundLogsQuery = components['schemas']['FoundLogsQuery']
export type FoundLogs = components['schemas']['FoundLogs']
export type AggregatedErrorsQuery = components['schemas']['AggregatedErrorsQuery']
export type AggregatedErrors = components['schemas']['AggregatedErrors']
export type ErrorDetailQuery = components['schemas']['ErrorDetailQuery']
export type ErrorDetail = components['schemas']['ErrorDetail']
export type ErrorOccurrencesQuery = components['schemas']['ErrorOccurrencesQuery']
export type ErrorOccurrences = components['schemas']['ErrorOccurrences']
export type ErrorStatsQuery = components['schemas']['ErrorStatsQuery']
export type ErrorStats = components['schemas']['ErrorStats']
export type ErrorTrendQuery = components['schemas']['ErrorTrendQuery']
export type ErrorTrend = components['schemas']['ErrorTrend']
export type ResolvedErrorQuery = components['schemas']['ResolvedErrorQuery']
export type ResolvedErrorBody = components['schemas']['ResolvedErrorBody']
export type ResolvedError = components['schemas']['ResolvedError']
export type SystemHealthQuery = components['schemas']['SystemHealthQuery']
export type SystemHealth = components['schemas']['SystemHealth']
export type ModuleHealthQuery = components['schemas']['ModuleHealthQuery']
export type ModuleHealth = components['schemas']['ModuleHealth']
export type SLAMetricsQuery = components['schemas']['SLAMetricsQuery']
export type SLAMetrics = components['schemas']['SLAMetrics']
export type AlertConditionsQuery = components['schemas']['AlertConditionsQuery']
export type AlertConditions = components['schemas']['AlertConditions']
export type MonitoringMetricsQuery = components['schemas']['MonitoringMetricsQuery']
export type MonitoringMetrics = components['schemas']['MonitoringMetrics']
export type CostsQuery = components['schemas']['CostsQuery']
export type Costs = components['schemas']['Costs']
export type BusinessEventsQuery = components['schemas']['BusinessEventsQuery']
export type BusinessEvents = components['schemas']['BusinessEvents']
export type BusinessSeriesQuery = components['schemas']['BusinessSeriesQuery']
export type BusinessSeries = components['schemas']['BusinessSeries']
export type CorrelationQuery = components['schemas']['CorrelationQuery']
export type Correlation = components['schemas']['Correlation']
export type Span = components['schemas']['Span']
export type TraceNode = components['schemas']['TraceNode']
export type Log = components['schemas']['Log']
export type ErrorOccurrence = components['schemas']['ErrorOccurrence']
export type ErrorGroup = components['schemas']['ErrorGroup']
export type StoredSpan = components['schemas']['StoredSpan']
export type Problem = components['schemas']['Problem']
