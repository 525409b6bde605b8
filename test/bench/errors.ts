import type { Client } from 'pg'
import type { RunningCollector } from '../helpers/collector'
import { ask } from './ask'
import { ERROR_WORDS, fillErrors, GROUPS, SERVICES } from './error-fill'
import { type Figure, quantile, spread } from './report'

const ASKS = 40
const PAGE = 50
const LIST = '/api/v1/errors?hours=24'
/** Lists are to take less; the other marks are aims. */
const LIST_MS = 50

/** Something that is asked of the errors of 24 hours. */
interface Question {
  readonly name: string
  /** The path, which is about another service each. */
  path(asked: number): string
  readonly floor: number | null
  readonly aim: number
  /** Throws when the answer is none that was filled. */
  expect(answer: Answer): void
}

interface Answer {
  readonly errors?: readonly { readonly id: string }[]
  readonly nextCursor?: string | null
  readonly groupCount?: number
  readonly trend?: readonly unknown[]
  readonly history?: readonly unknown[]
}

/** A page of groups, and what all of them add up to, over the API, of a day with 100,000 groups that were just thrown. */
export async function benchErrors(
  client: Client,
  databaseUrl: string,
  startCollector: () => Promise<RunningCollector>,
): Promise<Figure[]> {
  await fillErrors(client, databaseUrl)
  const collector = await startCollector()
  const { answer: first } = await ask<Answer>(collector, LIST)
  const figures: Figure[] = []
  for (const question of questionsAfter(first)) {
    figures.push(...(await time(collector, question)))
  }
  await collector.end('SIGTERM')
  return figures
}

function questionsAfter({ errors = [], nextCursor }: Answer): Question[] {
  const next = `${LIST}&cursor=${encodeURIComponent(nextCursor ?? '')}`
  const text = (words: string) => `${LIST}&text=${encodeURIComponent(words)}`
  const service = (asked: number) => `${LIST}&service=bench%20${1 + (asked % SERVICES)}`
  return [
    list('newest', () => LIST, PAGE, { floor: LIST_MS, aim: 20 }),
    list('next page', () => next, PAGE, { floor: null, aim: LIST_MS }),
    list('of a service', service, PAGE, { floor: LIST_MS, aim: 20 }),
    list('unresolved', () => `${LIST}&state=unresolved`, PAGE, { floor: LIST_MS, aim: 20 }),
    list('a common text', () => text(ERROR_WORDS.common), PAGE, { floor: null, aim: 150 }),
    list('a rare text', () => text(ERROR_WORDS.rare), 10, { floor: null, aim: 150 }),
    list('no such text', () => text('nobody wrote this'), 0, { floor: null, aim: 150 }),
    ...['count', 'users', 'first_seen'].map((order) =>
      list(`by ${order}`, () => `${LIST}&order=${order}`, PAGE, { floor: null, aim: 200 }),
    ),
    {
      name: 'statistics of errors',
      path: () => '/api/v1/errors/stats?hours=24',
      floor: null,
      aim: 300,
      expect: ({ groupCount = 0 }) => atLeast(groupCount, GROUPS * 0.9),
    },
    {
      name: 'trend of errors',
      path: () => '/api/v1/errors/trend?hours=24&step=1h',
      floor: null,
      aim: 300,
      expect: ({ trend = [] }) => atLeast(trend.length, 24),
    },
    {
      name: 'a group of errors',
      path: (asked) => `/api/v1/errors/${errors[asked % errors.length]?.id ?? ''}?hours=24`,
      floor: null,
      aim: LIST_MS,
      expect: ({ history }) => atLeast(history === undefined ? 0 : 1, 1),
    },
  ]
}

function list(
  name: string,
  path: Question['path'],
  found: number,
  marks: Pick<Question, 'floor' | 'aim'>,
): Question {
  const expect = ({ errors = [] }: Answer) => {
    if (errors.length !== found) throw new Error(`${errors.length} groups came back, not ${found}`)
  }
  return { name: `errors, ${name}`, path, expect, ...marks }
}

function atLeast(found: number, least: number): void {
  if (found < least) throw new Error(`${found} came back, not ${least} or more`)
}

async function time(
  collector: RunningCollector,
  { name, path, expect, floor, aim }: Question,
): Promise<Figure[]> {
  const all: number[] = []
  for (let asked = 0; asked < ASKS; asked++) {
    const { answer, millis } = await ask<Answer>(collector, path(asked))
    expect(answer)
    all.push(millis)
  }
  process.stderr.write(`${name}: ${quantile(all, 0.5).toFixed(1)} ms\n`)
  return spread(name, all, { floor, aim })
}
