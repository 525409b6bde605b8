import type { Pool, PoolClient } from 'pg'
import { readTogether } from '../read'
import type { BinaryRow } from '../../copy-out'
import { EXPLICIT, EXPONENTIAL, foldBuckets, type BucketKind, type QuantileFold } from './buckets'
import {
  DISTRIBUTION_COLUMNS,
  foldDistributions,
  needOfDistributions,
  readDistribution,
} from './distribution'
import type { Exact } from './exact'
import { foldNumbers, needOfNumbers, NUMBER_COLUMNS, readNumber } from './number'
import type { MetricQuestion } from './question'
import { readPoints } from './reading'
import { selectSeries, type Labels, type Selection, type Series } from './selection'
import { selectInOrder, type Range } from './statement'
import { foldSummaries, readSummary, SUMMARY_COLUMNS } from './summary'
import { walk } from './walk'

/** So many values are answered at most, and so many histograms held to get quantiles from. */
const MAX_VALUES = 500_000
const MAX_HISTOGRAMS = 20_000

/** A number as JSON can hold it: a string for an integer beyond 2^53, "NaN", "Infinity" and "-Infinity". */
export type JsonNumber = number | string

/** One series of an answer: a value a step, null where there is none. */
export interface MetricValues {
  readonly labels: Labels
  readonly quantile: number | null
  readonly values: readonly (JsonNumber | null)[]
}

/** One answer: each row of values belongs to a group and, with several of them, a quantile. */
type Answers = (group: number) => { quantile: number | null; values: readonly (Exact | null)[] }[]

/** Answers the question. Throws Unavailable when that takes too long, BadData when it is about too many series. */
export async function readMetricValues(pool: Pool, question: MetricQuestion) {
  return readTogether(pool, 'the metric', async ({ client }) => {
    const selection = await selectSeries(client, question, maxGroupsOf(question))
    const answers = await readAnswers(client, question, selection)
    const series = selection.groups
      .map((labels, group) => ({ labels, key: JSON.stringify(labels), group }))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .flatMap(({ labels, group }) =>
        answers(group).map(({ quantile, values }) => ({ labels, quantile, values })),
      )
    return {
      series: series
        .filter(({ values }) => values.some((value) => value !== null))
        .map((each): MetricValues => ({ ...each, values: each.values.map(toJsonNumber) })),
      isTruncated: selection.isTruncated(),
    }
  })
}

function maxGroupsOf({ steps, aggregation, quantiles, maxSeries }: MetricQuestion): number {
  const isQuantile = aggregation === 'quantile'
  const each = isQuantile ? Math.max(1, quantiles.length) : 1
  const most = Math.floor((isQuantile ? MAX_HISTOGRAMS : MAX_VALUES) / steps.count)
  return Math.max(1, Math.min(most, Math.floor(maxSeries / each)))
}

function readAnswers(
  client: PoolClient,
  question: MetricQuestion,
  selection: Selection,
): Promise<Answers> {
  const { kind, aggregation } = question
  if (kind === 'gauge' || kind === 'sum') return readNumbers(client, question, selection)
  if (aggregation !== 'quantile') return readDistributions(client, question, selection)
  if (kind === 'histogram') return readQuantiles(client, question, selection, EXPLICIT)
  if (kind === 'exponential_histogram') {
    return readQuantiles(client, question, selection, EXPONENTIAL)
  }
  return readSummaries(client, question, selection)
}

async function readNumbers(
  client: PoolClient,
  { steps, aggregation }: MetricQuestion,
  selection: Selection,
): Promise<Answers> {
  const fold = foldNumbers(aggregation, steps)
  const looksBack = aggregation === 'increase' || aggregation === 'rate'
  const range: Range = { table: 'metric_point', columns: NUMBER_COLUMNS, steps, looksBack }
  const needOf = (series: Series) => needOfNumbers(aggregation, series)
  await readPoints(client, { range, needOf, readPoint: readNumber, fold }, selection)
  return (group) => [{ quantile: null, values: fold.answer(group) }]
}

async function readDistributions(
  client: PoolClient,
  { steps, aggregation }: MetricQuestion,
  selection: Selection,
): Promise<Answers> {
  const fold = foldDistributions(aggregation, steps)
  const needOf = (series: Series) => needOfDistributions(aggregation, series)
  const range: Range = {
    table: 'metric_histogram',
    columns: DISTRIBUTION_COLUMNS,
    steps,
    looksBack: true,
  }
  await readPoints(client, { range, needOf, readPoint: readDistribution, fold }, selection)
  return (group) => [{ quantile: null, values: fold.answer(group) }]
}

async function readQuantiles<B>(
  client: PoolClient,
  question: MetricQuestion,
  selection: Selection,
  kind: BucketKind<B>,
): Promise<Answers> {
  const { steps } = question
  const fold = foldBuckets(kind, steps)
  const range: Range = { table: 'metric_histogram', columns: kind.columns, steps, looksBack: true }
  const readPoint = (row: BinaryRow, series: Series) => kind.read(row, series)
  const needOf = ({ isDelta }: Series) => (isDelta ? 'each' : 'increments')
  const { summedBuckets } = kind
  await readPoints(client, { range, needOf, readPoint, fold, summedBuckets }, selection)
  return quantilesOf(question, fold)
}

async function readSummaries(
  client: PoolClient,
  question: MetricQuestion,
  selection: Selection,
): Promise<Answers> {
  const { steps } = question
  const fold = foldSummaries(steps)
  const range: Range = {
    table: 'metric_histogram',
    columns: SUMMARY_COLUMNS,
    steps,
    looksBack: false,
  }
  await walk(
    client,
    selectInOrder(range, [...selection.series.keys()]),
    selection,
    readSummary,
    fold,
  )
  return quantilesOf(question, fold)
}

function quantilesOf<P>({ quantiles }: MetricQuestion, fold: QuantileFold<P>): Answers {
  return (group) =>
    quantiles.map((quantile) => ({ quantile, values: fold.answer(group, quantile) }))
}

function toJsonNumber(value: Exact | null): JsonNumber | null {
  if (value === null) return null
  return typeof value === 'bigint' || !Number.isFinite(value) ? String(value) : value
}
