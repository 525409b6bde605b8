import t from 'tap'
import type { FigureAnswer, Figures } from '../../collector/api/figure-contract'
import type { Condition } from '../../collector/api/monitoring-contract'
import { createHealthJudge } from '../../collector/pages/health'
import { DEFAULT_THRESHOLDS } from '../../collector/health/thresholds'
import { composeOverview } from '../../collector/pages/overview'
import { renderOverview, type OverviewChoice } from '../../collector/pages/overview-page'
import { figuresOf, judgeOf, readSample, TRACE_ID } from './sample'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const NOW_MS = Date.parse('2026-03-01T12:00:30Z')
const HOUR = { sinceMs: NOW_MS - 30_000 - HOUR_MS, untilMs: NOW_MS + 30_000 }
const PLACE = {
  root: './',
  stylesheet: 'assets/style.css',
  hasSession: true,
  otlp: { http: 'http://127.0.0.1:4318', grpc: 'http://127.0.0.1:4317' },
}
const CHOICE: OverviewChoice = { window: '1h', service: null, isRefreshing: false }

function answer(figures: readonly Figures[], stepMs: number | null = null): FigureAnswer {
  return { window: HOUR, stepMs, figures, gaps: [] }
}

function compose(
  operations: readonly Figures[],
  minutes: readonly Figures[] = [],
  judge = judgeOf({}),
) {
  const answers = {
    operations: answer(operations),
    minutes: answer(minutes, MINUTE_MS),
    unresolved: [],
  }
  return { ...composeOverview(answers, judge, NOW_MS), errorCount: 3, conditions: [] }
}

t.test('operations add up to services, by the adjusted counts', async (t) => {
  const { services, total } = compose([
    figuresOf({ operation: 'a', count: 10, adjustedCount: 605, adjustedErrorCount: 121, ms: 100 }),
    figuresOf({ operation: 'b', count: 5, adjustedCount: 605, adjustedErrorCount: 0, ms: 100 }),
    figuresOf({ service: 'cart', count: 1, adjustedCount: 60.5, ms: 9, environment: 'test' }),
  ])
  t.match(services, [
    { service: 'orders', place: '', perMinute: 20, count: 15, errorPercent: 10 },
    { service: 'cart', place: 'test', perMinute: 1, errorPercent: 0 },
  ])
  t.equal(Math.round((services[0]?.p95Ns ?? 0) / 1e6), 100)
  t.match(total, { perMinute: 21, count: 16 })
})

t.test('two services of one name in different environments are two rows', async (t) => {
  const { services } = compose([
    figuresOf({ environment: 'production' }),
    figuresOf({ environment: 'test' }),
  ])
  t.equal(services.length, 2)
})

t.test('failing services come first, then those with more requests', async (t) => {
  const { services } = compose(
    [
      figuresOf({ service: 'busy', count: 9000 }),
      figuresOf({ service: 'idle', count: 1 }),
      figuresOf({ service: 'down', count: 5 }),
      figuresOf({ service: 'slow', count: 50 }),
    ],
    [],
    judgeOf({ status: 'critical' }, { down: 'critical', slow: 'degraded' }),
  )
  t.same(
    services.map(({ service }) => service),
    ['down', 'slow', 'busy', 'idle'],
  )
})

t.test('the minutes are those that are over, the empty ones among them', async (t) => {
  const at = (minute: number, count: number) =>
    figuresOf({ sinceMs: HOUR.sinceMs + minute * MINUTE_MS, count })
  const { services } = compose([], [at(0, 7), at(2, 5), at(60, 99)])
  const counts = services[0]?.minutes.map(({ count }) => count) ?? []
  t.equal(counts.length, 60, 'the one under way is left out')
  t.same(counts.slice(0, 4), [7, 0, 5, 0])
})

t.test('the slowest request of each operation is listed, a trace once', async (t) => {
  const other = '00000000000000000000000000000007'
  const { slowest } = compose([
    figuresOf({ operation: 'fast', ms: 5, slowestTraceId: other }),
    figuresOf({ operation: 'inner', ms: 800 }),
    figuresOf({ operation: 'outer', ms: 900 }),
    figuresOf({ operation: 'unknown', durations: null }),
  ])
  t.match(slowest, [
    { traceId: TRACE_ID, operation: 'outer', durationNs: 900e6 },
    { traceId: other, operation: 'fast' },
  ])
  t.equal(slowest.length, 2)
})

t.test('health is judged by the thresholds, over the last minutes and those before', async (t) => {
  const minutes = Array.from({ length: 60 }, (_, minute) =>
    figuresOf({
      sinceMs: HOUR.sinceMs + minute * MINUTE_MS,
      count: 100,
      errorCount: minute >= 59 ? 60 : 0,
    }),
  )
  const thresholds = { overall: DEFAULT_THRESHOLDS, services: new Map(), modules: new Map() }
  const { health, services } = compose([], minutes, createHealthJudge(thresholds))
  t.equal(health.status, 'critical')
  t.equal(health.stableStatus, 'healthy', 'what has not lasted is not settled')
  t.match(health.reasons, [/^orders: error rate 12(\.0)? % /])
  t.equal(services[0]?.status, 'critical')
})

t.test('names are text, whatever is in them, and links lead to them', async (t) => {
  const name = `"><script>alert(1)</script>&x='`
  const view = compose([figuresOf({ service: name, operation: name, module: name, errorCount: 1 })])
  const page = renderOverview(view, { ...CHOICE, service: name }, PLACE)
  t.notMatch(page, '<script')
  t.notMatch(page, '"><script')
  const [, href = ''] = /<a href="(\.\/\?[^"]*service=[^"]*)"/.exec(page) ?? []
  const { searchParams } = new URL(href.replaceAll('&amp;', '&'), 'http://localhost/')
  t.equal(searchParams.get('service'), name)
})

t.test('the trace of a slow query is a link, and nothing else that a message says', async (t) => {
  const conditionOf = (message: string): Condition => ({
    type: 'slow_query',
    severity: 'critical',
    resource_id: 'select stock',
    resource_name: 'orders',
    message,
    tenant: '',
  })
  const conditions = [`a query took 6.0 s, critical above 5 s (trace ${TRACE_ID})`, '(trace <b>)']
  const view = { ...compose([]), conditions: conditions.map(conditionOf) }
  const page = renderOverview(view, CHOICE, PLACE)
  t.match(page, `critical above 5 s (trace <a href="traces/${TRACE_ID}">`)
  t.match(page, '(trace &lt;b&gt;)')
})

t.test('a status is told in words, why it is so with figures', async (t) => {
  const reasons = ['orders: error rate 12 % of 350 requests, critical above 10 %']
  const judge = judgeOf({ status: 'critical', stableStatus: 'healthy', reasons })
  const page = renderOverview(compose([figuresOf()], [], judge), CHOICE, PLACE)
  t.match(page, /<title>Critical: overview/)
  t.match(page, reasons[0])
  t.match(page, 'Not settled yet: it was healthy.')
})

t.test(
  'what is out of order with webhooks and the like is told, and nothing without',
  async (t) => {
    const conditions = Array.from({ length: 22 }, (_, at): Condition => ({
      type: 'webhook_failure',
      severity: at === 0 ? 'critical' : 'warning',
      resource_id: `wh_${at}`,
      resource_name: at === 0 ? 'https://a.example/<hook>' : `wh_${at}`,
      message: `${12 + at} deliveries failed in a row`,
      tenant: at === 0 ? 'acme' : '',
    }))
    const view = compose([figuresOf()])
    const page = renderOverview({ ...view, conditions }, CHOICE, PLACE)
    t.match(page, 'https://a.example/&lt;hook&gt;<small>Webhook / acme</small>')
    t.match(page, '12 deliveries failed in a row')
    t.match(page, /Critical<\/span>[^]*Warning<\/span>/)
    t.match(page, '2 alerts more.')
    t.notMatch(renderOverview(view, CHOICE, PLACE), 'id="alerts"')
  },
)

t.test('who has sent nothing is told what to do', async (t) => {
  const page = renderOverview(compose([], [], judgeOf({ status: 'no_data' })), CHOICE, PLACE)
  for (const text of ['npm run demo', 'http://127.0.0.1:4318', 'http://127.0.0.1:4317']) {
    t.match(page, text)
  }
  t.notMatch(page, '<table')
})

t.test('the overview of 50 services with all they have is less than 60 KB', async (t) => {
  const services = Array.from({ length: 50 }, (_, at) => ({
    service: `a-service-with-a-name-${at}`,
    environment: 'production',
    count: 5000 + at,
    errorCount: 100,
    slowestTraceId: at.toString(16).padStart(32, '0'),
  }))
  const read = readSample(services)
  const filter = { tenant: null, service: null, module: null, operation: null }
  const asked = { window: HOUR, filter, of: 'requests', by: [] } as const
  const operations = await read({ ...asked, stepMs: null })
  const minutes = await read({ ...asked, stepMs: MINUTE_MS })
  const reasons = services.map(({ service }) => `${service}: error rate 12 % of 350 requests`)
  const judge = judgeOf({ status: 'critical', reasons })
  const page = renderOverview(
    {
      ...composeOverview({ operations, minutes, unresolved: [] }, judge, NOW_MS),
      errorCount: 3,
      conditions: [],
    },
    CHOICE,
    PLACE,
  )
  t.equal(page.match(/class="spark"/g)?.length, 50)
  t.ok(page.length < 60_000, `${page.length} characters`)
})
