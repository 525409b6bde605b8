import { identityKey } from '../health/identity'
import { bucketIndexOf, countOf, type Distribution } from '../translate/distribution'
import type { ThrowsOfService } from './error-contract'
import type { Figures } from './figure-contract'
import { addFigures, describeService, type Sum } from './figures'

const NS_PER_SECOND = 1e9
const MICROSECONDS_A_SECOND = 1e6
/** The buckets of prom-client and other clients. */
const BOUNDS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
]
/** The last bucket below each of them, or hardly above: counts of whole buckets never fall while spans are added. */
const BOUND_INDEXES = BOUNDS_SECONDS.map((bound) => bucketIndexOf(bound * NS_PER_SECOND * 0.98))

type Labels = Readonly<Record<string, string>>

/** What requests of an operation, or of a service, add up to since the day began. */
interface Series {
  readonly labels: Labels
  readonly sum: Sum
}

/** Throws of the services since the day began, as Prometheus text; those of yesterday that have none today are zero. */
export function writeErrorExposition(
  today: readonly ThrowsOfService[],
  yesterday: readonly ThrowsOfService[],
): string {
  const none = yesterday.map((each) => ({ ...each, count: 0, severeCount: 0, unhandledCount: 0 }))
  const byService = new Map([...none, ...today].map((each) => [identityKey(each), each]))
  const services = [...byService.values()]
  return [
    ...ERROR_COUNTERS.flatMap(({ name, help, countOf: read }) => [
      ...head(name, 'counter', `${help} since midnight, UTC.`),
      ...services.map((each) => line(name, describeService(each), read(each))),
    ]),
    '',
  ].join('\n')
}

/** None of them falls while throws are added: a throw that turns out to be an error is added to those, and stays one. */
const ERROR_COUNTERS = [
  {
    name: 'sidelight_service_errors_total',
    help: 'Throws in the service, warnings among them,',
    countOf: ({ count }: ThrowsOfService) => count,
  },
  {
    name: 'sidelight_service_severe_errors_total',
    help: 'Throws in the service with the severity of an error or worse',
    countOf: ({ severeCount }: ThrowsOfService) => severeCount,
  },
  {
    name: 'sidelight_service_unhandled_errors_total',
    help: 'Throws in the service that nothing caught',
    countOf: ({ unhandledCount }: ThrowsOfService) => unhandledCount,
  },
]

/**
 * The requests of `today` by operation, as Prometheus text, of services and of the `maxOperations` operations with the most.
 * Those of yesterday that have none today are zero, so that their first request of the day is not lost.
 */
export function writeExposition(
  today: readonly Figures[],
  yesterday: readonly Figures[],
  maxOperations: number,
): string {
  const all = [
    ...today.map((figures) => ({ figures, parts: [figures] })),
    ...yesterday.map((figures) => ({ figures, parts: [] })),
  ]
  const services = collect(all, describeService)
  const operations = collect(all, operationLabels)
    .sort((a, b) => b.sum.adjustedCount - a.sum.adjustedCount)
    .slice(0, maxOperations)
  return [...family('service', services), ...family('operation', operations), ''].join('\n')
}

interface Part {
  readonly figures: Figures
  readonly parts: readonly Figures[]
}

function collect(all: readonly Part[], labelsOf: (figures: Figures) => Labels): Series[] {
  const byLabels = new Map<string, { labels: Labels; parts: Figures[] }>()
  for (const { figures, parts } of all) {
    const labels = labelsOf(figures)
    const key = JSON.stringify(labels)
    const known = byLabels.get(key) ?? { labels, parts: [] }
    known.parts.push(...parts)
    byLabels.set(key, known)
  }
  return [...byLabels.values()].map(({ labels, parts }) => ({ labels, sum: addFigures(parts) }))
}

function operationLabels(figures: Figures): Labels {
  const { module, operation, kind } = figures
  return {
    ...describeService(figures),
    module: module ?? '',
    operation: operation ?? '',
    kind: kind ?? '',
  }
}

/** Counts are rounded: fractions come of sampling, and would fall by a hair when rollups are folded. */
function family(of: 'service' | 'operation', series: readonly Series[]): string[] {
  const name = `sidelight_${of}`
  return [
    ...head(`${name}_requests_total`, 'counter', `Requests of the ${of} since midnight, UTC.`),
    ...series.map(({ labels, sum }) =>
      line(`${name}_requests_total`, labels, Math.round(sum.adjustedCount)),
    ),
    ...head(
      `${name}_request_errors_total`,
      'counter',
      `Requests of the ${of} that failed since midnight, UTC.`,
    ),
    ...series.map(({ labels, sum }) =>
      line(`${name}_request_errors_total`, labels, Math.round(sum.adjustedErrorCount)),
    ),
    ...head(
      `${name}_request_duration_seconds`,
      'histogram',
      `How long requests of the ${of} took since midnight, UTC; bounds are within 2.3 %.`,
    ),
    ...series.flatMap(({ labels, sum }) =>
      histogram(`${name}_request_duration_seconds`, labels, sum.durations),
    ),
  ]
}

function histogram(name: string, labels: Labels, durations: Distribution | null): string[] {
  const total = durations === null ? 0 : Math.round(countOf(durations))
  const sumSeconds = (durations?.sumNs ?? 0) / NS_PER_SECOND
  return [
    ...BOUND_INDEXES.map((index, at) =>
      line(
        `${name}_bucket`,
        { ...labels, le: String(BOUNDS_SECONDS[at]) },
        Math.round(countUpTo(durations, index)),
      ),
    ),
    line(`${name}_bucket`, { ...labels, le: '+Inf' }, total),
    line(
      `${name}_sum`,
      labels,
      Math.round(sumSeconds * MICROSECONDS_A_SECOND) / MICROSECONDS_A_SECOND,
    ),
    line(`${name}_count`, labels, total),
  ]
}

/** How many durations are in the buckets up to this one. */
function countUpTo(durations: Distribution | null, last: number): number {
  if (durations === null) return 0
  const { zeroCount, indexes, counts } = durations
  return indexes.reduce((sum, index, at) => (index <= last ? sum + counts[at]! : sum), zeroCount)
}

function head(name: string, type: string, help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]
}

function line(name: string, labels: Labels, value: number): string {
  const written = Object.entries(labels).map(([label, text]) => `${label}="${escape(text)}"`)
  return `${name}{${written.join(',')}} ${value}`
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
