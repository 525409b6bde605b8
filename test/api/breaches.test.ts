import t from 'tap'
import { readBreaches } from '../../collector/api/alerts'
import type { FigureQuestion } from '../../collector/api/figure-contract'
import { DEFAULT_THRESHOLDS } from '../../collector/health/thresholds'
import { counted } from '../health/figures'
import { figuresOf, MINUTE_MS } from './health-figures'
import { NOW_MS } from './server'

const THRESHOLDS = { overall: DEFAULT_THRESHOLDS, services: new Map(), modules: new Map() }
const WEB = { tenant: '', environment: 'production', namespace: '', service: 'web' }

t.test('what the leader keeps is judged as the API judges it', async (t) => {
  const asked: FigureQuestion[] = []
  const breaches = await readBreaches(
    {
      readFigures(question) {
        asked.push(question)
        const { window, stepMs } = question
        const figures = [figuresOf('web'), figuresOf('checkout', counted(100, 50))]
        return Promise.resolve({ window, stepMs, figures, gaps: [] })
      },
      countUnresolved: () => Promise.resolve([{ ...WEB, count: 5 }]),
    },
    THRESHOLDS,
    NOW_MS,
  )
  t.match(breaches, [
    {
      service: 'checkout',
      criterion: 'error_rate',
      severity: 'critical',
      message: 'checkout: error rate 50 % of 100 requests, critical above 10 %',
    },
    {
      service: 'web',
      criterion: 'unresolved_errors',
      severity: 'warning',
      message: 'web: 5 unresolved errors, degraded from 5',
    },
  ])
  t.equal(breaches.length, 2)
  t.match(asked, [{ window: { sinceMs: NOW_MS - 5 * MINUTE_MS, untilMs: NOW_MS } }])
  t.equal(asked.length, 1)
})
