import type { Pool, PoolClient } from 'pg'
import { readTogether } from '../read'
import type { BinaryRow } from '../../copy-out'
import { EXPLICIT, EXPONENTIAL, foldBuckets, type BucketKind, type QuantileFold } from './buckets'
import { DISTRIBUTION_COLUMNS, foldDistributions, readDistribution } from './distribution'
import type { Exact } from './exact'
import { foldNumbers, NUMBER_COLUMNS, readNumber } from './number'
import type { MetricQuestion } from './question'
import { canSample, Sampling } from './sampling'
import { selectSeries, type Labels, type Selection, type Series } from './selection'
import { selectGaps, selectPoints, selectSamples, type Range } from './statement'
import { foldSummaries, readSummary, SUMMARY_COLUMNS } from './summary'
import type { Timed } from './stream'
import { walk, type Fold } from './walk'
import type { Cumulative } from './writers'

/** So many values are answered at most, and so many histograms held to get quantiles from. */
const MAX_VALUES = 500_000
const MAX_HISTOGRAMS = 20_000
/** So many samples are asked for in one statement, which bounds what those of series with gaps take up. */
const MAX_SAMPLES = 20_000

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
  await walk(client, selectPoints(range, idsOf(selection)), selection, readNumber, fold)
  return (group) => [{ quantile: null, values: fold.answer(group) }]
}

async function readDistributions(
  client: PoolClient,
  { steps, aggregation }: MetricQuestion,
  selection: Selection,
): Promise<Answers> {
  const fold = foldDistributions(aggregation, steps)
  const looksBack = aggregation !== 'min' && aggregation !== 'max'
  const range: Range = {
    table: 'metric_histogram',
    columns: DISTRIBUTION_COLUMNS,
    steps,
    looksBack,
  }
  if (looksBack) await walkIncrements(client, range, selection, readDistribution, fold)
  else await walk(client, selectPoints(range, idsOf(selection)), selection, readDistribution, fold)
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
  await walkIncrements(client, range, selection, readPoint, fold)
  return quantilesOf(question, fold)
}

/**
 * Reads what the fold needs to know what was counted. Rows of histograms are wide: of cumulative series few are read instead
 * of all, which takes a tenth of the time.
 */
async function walkIncrements<P extends Timed & Cumulative>(
  client: PoolClient,
  range: Range,
  selection: Selection,
  readPoint: (row: BinaryRow, series: Series) => P,
  fold: Fold<P>,
): Promise<void> {
  const { steps } = range
  const series = [...selection.series.values()]
  const sampled = series.filter((each) => canSample(steps, each)).map(({ id }) => id)
  const others = series.filter((each) => !canSample(steps, each)).map(({ id }) => id)
  if (others.length > 0) {
    await walk(client, selectPoints(range, others), selection, readPoint, fold)
  }
  const each = Math.max(1, Math.floor(MAX_SAMPLES / steps.count))
  for (let from = 0; from < sampled.length; from += each) {
    const sampling = new Sampling(fold)
    const samples = selectSamples(range, sampled.slice(from, from + each))
    await walk(client, samples, selection, readPoint, sampling)
    if (sampling.gaps.length === 0) continue
    await walk(client, selectGaps(range, sampling.gaps), selection, readPoint, sampling.filler())
    sampling.finish((id) => selection.series.get(id))
  }
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
  await walk(client, selectPoints(range, idsOf(selection)), selection, readSummary, fold)
  return quantilesOf(question, fold)
}

function quantilesOf<P>({ quantiles }: MetricQuestion, fold: QuantileFold<P>): Answers {
  return (group) =>
    quantiles.map((quantile) => ({ quantile, values: fold.answer(group, quantile) }))
}

function idsOf({ series }: Selection): string[] {
  return [...series.keys()]
}

function toJsonNumber(value: Exact | null): JsonNumber | null {
  if (value === null) return null
  return typeof value === 'bigint' || !Number.isFinite(value) ? String(value) : value
}
