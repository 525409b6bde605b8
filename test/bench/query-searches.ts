import type { RunningCollector } from '../helpers/collector'
import { ask } from './ask'
import { type Filled, operationName, serviceName, WORDS } from './query-fill'
import { type Figure, quantile, spread } from './report'

const ASKS = 20
/** What is rare may take the API all the time it has: it is asked for no longer than this, and once at least. */
const ASKING_MS = 60_000

const TRACES = { path: '/api/v1/traces', rows: 'traces', limit: 50 } as const
const LOGS = { path: '/api/v1/logs', rows: 'logs', limit: 100 } as const
const SPANS = {
  path: '/api/admin/observability/performance/metrics',
  rows: 'metrics',
  limit: 100,
} as const

/** A list that is asked for newest first. */
interface Search {
  readonly name: string
  readonly list: typeof TRACES | typeof LOGS | typeof SPANS
  /** The parameters of an ask, which are those of another service or operation each. */
  filter(asked: number): Record<string, string>
  /** Of what there is not enough for a page: then it may take as long as it takes. */
  readonly isRare?: true
}

const { attribute, spanText, logText } = WORDS

const SEARCHES: readonly Search[] = [
  { name: 'traces', list: TRACES, filter: () => ({}) },
  {
    name: 'traces, a service',
    list: TRACES,
    filter: (asked) => ({ service: serviceName(asked) }),
  },
  {
    name: 'traces, an operation',
    list: TRACES,
    filter: (asked) => ({ operation: operationName(asked) }),
  },
  { name: 'traces, errors', list: TRACES, filter: () => ({ status: 'error' }) },
  { name: 'traces, from 100 ms on', list: TRACES, filter: () => ({ minDuration: '100' }) },
  {
    name: 'traces, a common attribute',
    list: TRACES,
    filter: () => ({ attribute: `${attribute.key}=${attribute.common}` }),
  },
  {
    name: 'traces, a rare attribute',
    list: TRACES,
    filter: () => ({ attribute: `${attribute.key}=${attribute.rare}` }),
    isRare: true,
  },
  { name: 'traces, a common text', list: TRACES, filter: () => ({ text: spanText }) },
  { name: 'logs', list: LOGS, filter: () => ({}) },
  {
    name: 'logs, warnings of a service',
    list: LOGS,
    filter: (asked) => ({ service: serviceName(asked), severity: 'warn' }),
  },
  { name: 'logs, a common text', list: LOGS, filter: () => ({ text: logText.common }) },
  {
    name: 'logs, a rare text',
    list: LOGS,
    filter: () => ({ text: logText.rare }),
    isRare: true,
  },
  { name: 'spans', list: SPANS, filter: () => ({}) },
]

/** Lists over the API, newest first, of the 24 hours up to the newest row. */
export async function benchSearches(
  collector: RunningCollector,
  { untilMs }: Filled,
): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const search of SEARCHES) {
    const answers = await askRepeatedly(collector, search, new Date(untilMs).toISOString())
    const millis = answers.map((answer) => answer.millis)
    const name = `newest ${search.list.limit} ${search.name}`
    figures.push(...figuresOf(name, search, answers))
    process.stderr.write(`query: ${name}: ${quantile(millis, 0.5).toFixed(1)} ms\n`)
  }
  return figures
}

interface Answered {
  readonly millis: number
  /** False where the API gave up with a cursor to go on from. */
  readonly isWhole: boolean
}

async function askRepeatedly(
  collector: RunningCollector,
  search: Search,
  until: string,
): Promise<Answered[]> {
  const answers: Answered[] = []
  const startedAt = performance.now()
  do {
    answers.push(await askOnce(collector, search, { until, ...search.filter(answers.length) }))
  } while (answers.length < ASKS && performance.now() - startedAt < ASKING_MS)
  return answers
}

async function askOnce(
  collector: RunningCollector,
  { name, list, isRare }: Search,
  parameters: Record<string, string>,
): Promise<Answered> {
  const query = new URLSearchParams({ limit: String(list.limit), ...parameters })
  const path = `${list.path}?${query}`
  const { answer, millis } = await ask<Page>(collector, path)
  const found = answer[list.rows]?.length ?? 0
  const isWhole = found === list.limit || answer.nextCursor === null
  const least = isRare ? Number(isWhole) : list.limit
  if (found < least) throw new Error(`${name} came back with ${found} of ${list.limit}`)
  return { millis, isWhole }
}

interface Page extends Partial<Record<Search['list']['rows'], unknown[]>> {
  readonly nextCursor: string | null
}

function figuresOf(name: string, { isRare }: Search, answers: readonly Answered[]): Figure[] {
  const millis = answers.map((answer) => answer.millis)
  if (!isRare) return spread(name, millis, { floor: 50, aim: 10 })
  const whole = answers.filter(({ isWhole }) => isWhole).length
  return [
    ...spread(name, millis, { floor: null, aim: null }),
    {
      name: `${name}, searched to the end`,
      value: whole / answers.length,
      unit: '',
      better: 'higher',
      floor: null,
      aim: null,
    },
  ]
}
