import type { Aggregation, MetricKey, MetricQuestion, MetricVariant } from './metric-contract'
import { AGGREGATIONS } from './metric-contract'
import { ASSIGNMENT, parseAssignment } from './parameters'
import type { Fault } from './problems'

/** A quantile may be asked for as an aggregation. */
const NAMED_QUANTILES = new Map([
  ['p50', 0.5],
  ['p75', 0.75],
  ['p90', 0.9],
  ['p95', 0.95],
  ['p99', 0.99],
])
const DISTRIBUTION: readonly Aggregation[] = ['avg', 'sum', 'count', 'increase', 'rate', 'quantile']
const HISTOGRAM: readonly Aggregation[] = [...DISTRIBUTION, 'min', 'max']
/** What can be made of each kind; the first one when nothing is asked for. */
const BY_KIND: Readonly<Record<string, readonly Aggregation[]>> = {
  gauge: ['avg', 'min', 'max', 'sum', 'last', 'count'],
  sum: ['avg', 'min', 'max', 'sum', 'last', 'count', 'increase', 'rate'],
  histogram: HISTOGRAM,
  exponential_histogram: HISTOGRAM,
  summary: DISTRIBUTION,
}

export const AGGREGATION_DESCRIPTION =
  `${AGGREGATIONS.slice(0, -1).join(', ')}, quantile or ${[...NAMED_QUANTILES.keys()].join(', ')}. ` +
  'By default rate of a monotonic sum, quantile where quantile is given, else avg. Gauges and sums, over the points of a step: avg, ' +
  'min, max, count of the points, last the newest; sum adds the last point of each series (of a delta sum every point). ' +
  'Sums: increase is what was counted, resets understood (of a sum that may fall, the change), rate that a second, of the step or of ' +
  'the time its points tell of where that is longer. ' +
  'Histograms and summaries, of what was counted in a step: count or increase how many values, rate a second, sum, avg; min and max as ' +
  'sent, of a cumulative histogram since its start'

/** What is asked for, where that can be told without knowing the metric. */
interface Wanted {
  readonly aggregation: Aggregation | null
  readonly quantiles: readonly number[]
}

/** Reads `aggregation` and `quantile` together. */
export function parseAggregation(
  text: string | undefined,
  quantiles: readonly number[],
  faults: Fault[],
): Wanted {
  const named = text === undefined ? undefined : NAMED_QUANTILES.get(text)
  const known = AGGREGATIONS.find((each) => each === text) ?? null
  if (text !== undefined && named === undefined && known === null) {
    const allowed = [...AGGREGATIONS, ...NAMED_QUANTILES.keys()].join(', ')
    faults.push({ name: 'aggregation', reason: `must be one of ${allowed}, not ${shown(text)}` })
    return { aggregation: null, quantiles: [] }
  }
  const all = [...new Set(named === undefined ? quantiles : [...quantiles, named])]
  const isQuantile = named !== undefined || known === 'quantile' || (!known && all.length > 0)
  if (isQuantile && all.length === 0) {
    faults.push({ name: 'quantile', reason: 'must be given with the aggregation quantile' })
  }
  if (!isQuantile && all.length > 0) {
    faults.push({ name: 'quantile', reason: `must not be given with the aggregation ${known}` })
  }
  return { aggregation: isQuantile ? 'quantile' : known, quantiles: all }
}

/** Reads `filter`: each `key=value`. */
export function parseFilters(texts: readonly string[], faults: Fault[]): MetricQuestion['filters'] {
  return texts.flatMap((text) => {
    const assignment = parseAssignment(text)
    if (assignment !== null) {
      return [{ key: parseKey(assignment.key), value: assignment.value }]
    }
    faults.push({ name: 'filter', reason: `must be ${ASSIGNMENT}, not ${shown(text)}` })
    return []
  })
}

/** Reads `groupBy`: keys separated by commas. */
export function parseGroupBy(text: string | undefined, faults: Fault[]): MetricKey[] {
  if (text === undefined) return []
  const keys = text.split(',').map((key) => key.trim())
  if (keys.includes('')) {
    faults.push({
      name: 'groupBy',
      reason: `must be keys separated by commas, none empty, not ${shown(text)}`,
    })
  }
  return [...new Set(keys)].map(parseKey)
}

/** The one thing the metric is stored as; adds a fault, and returns null, when it is several or not what was asked for. */
export function chooseVariant(
  name: string,
  stored: readonly MetricVariant[],
  asked: { readonly kind?: string; readonly unit?: string },
  faults: Fault[],
) {
  const ofKind = choose(name, 'kind', stored, asked.kind, faults)
  const variants = choose(name, 'unit', ofKind, asked.unit, faults)
  const [first] = variants
  if (faults.length > 0 || first === undefined) return null
  const temporalities = new Set(variants.map(({ temporality }) => temporality))
  return {
    kind: first.kind,
    unit: first.unit,
    temporality: temporalities.size > 1 ? 'mixed' : first.temporality,
    isMonotonic: variants.every(({ isMonotonic }) => isMonotonic === first.isMonotonic)
      ? first.isMonotonic
      : false,
  }
}

/** The aggregation, where none is given that of the kind; adds a fault when the kind has no such thing. */
export function chooseAggregation(
  { aggregation }: Wanted,
  { kind, isMonotonic }: Pick<MetricVariant, 'kind' | 'isMonotonic'>,
  faults: Fault[],
): Aggregation {
  const allowed = BY_KIND[kind] ?? []
  const chosen = aggregation ?? (isMonotonic === true ? 'rate' : 'avg')
  if (!allowed.includes(chosen)) {
    const reason = `must be one of ${allowed.join(', ')} for a ${kind.replace('_', ' ')}, not ${chosen}`
    faults.push({ name: 'aggregation', reason })
  }
  return chosen
}

function choose(
  name: string,
  what: 'kind' | 'unit',
  variants: readonly MetricVariant[],
  asked: string | undefined,
  faults: Fault[],
): readonly MetricVariant[] {
  const stored = [...new Set(variants.map((variant) => variant[what]))]
  const allowed = stored.map(shown).join(' or ')
  if (asked !== undefined && variants.length > 0 && !stored.includes(asked)) {
    faults.push({ name: what, reason: `must be ${allowed} for ${name}, not ${shown(asked)}` })
  }
  if (asked === undefined && stored.length > 1) {
    faults.push({ name: what, reason: `must be given: ${name} is stored as ${allowed}` })
  }
  return asked === undefined ? variants : variants.filter((variant) => variant[what] === asked)
}

/** `service`, `resource.key`, `attribute.key`, or the key of an attribute of the point. */
function parseKey(label: string): MetricKey {
  if (label === 'service') return { from: 'service', key: label, label }
  const [, prefix, key = ''] = /^(resource|attribute)\.(.+)$/s.exec(label) ?? []
  if (prefix === 'resource') return { from: 'resource', key, label }
  return { from: 'point', key: prefix === 'attribute' ? key : label, label }
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100))
}
