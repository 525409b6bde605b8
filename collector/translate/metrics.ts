import { HISTOGRAM_GROWTH } from './buffer'
import { DataPointReader } from './data-point'
import { estimateBytes, writeHistogram, writePoint } from './data-point-row'
import { describe, judge, REASONS, type Reason } from './data-point-rejection'
import { ExemplarWriter } from './exemplar'
import type { ResourceIdentity, ScopeIdentity } from './identity'
import { DATA_POINT, GAUGE, MetricReader, NO_DATA, SUM } from './metric'
import { Rejections } from './rejection'
import { METRIC_HISTOGRAM, METRIC_POINT, type Table } from './rows'
import { changesOf, type Series, SeriesDictionary } from './series'
import { SeriesAttributes } from './series-attributes'
import { type Family, Families } from './series-family'
import type { AcceptedTimes } from './span-rejection'
import { TableWriter } from './table-writer'
import { dayOf } from './time'
import type { ItemTranslator, Translation } from './translator'

/** Where data points of some kinds go. */
interface Target {
  readonly table: TableWriter
  readonly point: DataPointReader
}

/** Metrics to rows of `METRIC_POINT` and `METRIC_HISTOGRAM`, one a data point. */
export class MetricTranslator implements ItemTranslator {
  readonly tables: readonly TableWriter[]
  rejections = new Rejections('data point', 'data points')
  readonly #shared: Translation
  readonly #numbers: Target
  readonly #histograms: Target
  readonly #metric: MetricReader
  readonly #attributes: SeriesAttributes
  readonly #families: Families
  readonly #series: SeriesDictionary
  readonly #times: AcceptedTimes
  #receivedMs = 0

  constructor(shared: Translation) {
    const { cursor, attribution, limits, options } = shared
    this.#shared = shared
    this.#times = { retentionMs: options.retentionMs.metrics, maxAheadMs: options.maxAheadMs }
    this.#numbers = createTarget(METRIC_POINT, shared)
    this.#histograms = createTarget(METRIC_HISTOGRAM, shared, HISTOGRAM_GROWTH)
    this.tables = [this.#numbers.table, this.#histograms.table]
    this.#metric = new MetricReader(cursor)
    this.#attributes = new SeriesAttributes(cursor, attribution, limits)
    this.#families = new Families(cursor, options.dictionaryCacheSize, this.#attributes)
    this.#series = new SeriesDictionary(shared, this.#attributes)
  }

  get accepted(): number {
    return this.#numbers.table.count + this.#histograms.table.count
  }

  beginRequest(bodyBytes: number, receivedMs: number): void {
    this.#numbers.table.beginRequest(bodyBytes)
    this.#histograms.table.beginRequest(bodyBytes)
    this.#attributes.beginRequest(bodyBytes)
    this.rejections = new Rejections('data point', 'data points')
    this.#receivedMs = receivedMs
  }

  item(end: number, resource: ResourceIdentity, scope: ScopeIdentity): void {
    const { cursor } = this.#shared
    const metric = this.#metric
    metric.read(end)
    if (metric.data !== NO_DATA) {
      const family = this.#families.of(metric, resource, scope)
      for (let index = 0; index < metric.parts.length; index += 2) {
        cursor.at = metric.parts[index]!
        this.#dataPoints(metric.parts[index + 1]!, family)
      }
    }
    cursor.at = end
  }

  #dataPoints(end: number, family: Family): void {
    const { cursor } = this.#shared
    const { data } = this.#metric
    const target = data === GAUGE || data === SUM ? this.#numbers : this.#histograms
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      if (tag === DATA_POINT) this.#dataPoint(cursor.delimited(end), family, target)
      else cursor.skip(tag, end)
    }
  }

  #dataPoint(end: number, family: Family, { table, point }: Target): void {
    const { cursor } = this.#shared
    const metric = this.#metric
    const source = cursor.at
    table.open(family.resource, family.scope)
    point.read(metric.data, end)
    const series = this.#series.of(family, metric, point)
    const reason = this.#judge(table, point, series)
    if (reason !== undefined) {
      table.discard()
      this.#reject(reason, point)
      return
    }
    this.#write(table, point, series)
    table.keep(source, dayOf(point.time))
  }

  /** Apart from what is done for every data point, which then makes no closure. */
  #reject(reason: Reason, point: DataPointReader): void {
    const metric = this.#metric
    const { cursor } = this.#shared
    this.rejections.add(REASONS[reason], () => describe(reason, metric, point, cursor))
  }

  #judge(
    { rows, values }: TableWriter,
    point: DataPointReader,
    series: Series,
  ): Reason | undefined {
    const metric = this.#metric
    const { cursor } = this.#shared
    const reason = judge(metric, point, series.bounds, cursor, this.#receivedMs, this.#times)
    if (reason !== undefined) return reason
    const { family, attributes } = series
    if (family.isNameTooLong) return 'name'
    if (values.isTooDeep || attributes.isTooDeep || family.isTooDeep) return 'tooDeep'
    if (values.isTooLarge || attributes.isTooLarge || family.isTooLarge) return 'tooLarge'
    const most = rows.end + estimateBytes(metric.data, point, series)
    return most > values.endLimit ? 'tooLarge' : undefined
  }

  #write({ rows, values }: TableWriter, point: DataPointReader, series: Series): void {
    const { cursor } = this.#shared
    const { data } = this.#metric
    rows.reserve(estimateBytes(data, point, series))
    const reference = this.#series.refer(series)
    if (reference.attributes !== null) {
      const changes = changesOf(series)
      values.repaired += changes.repairedStrings
      values.droppedAttributes += changes.droppedAttributes
      values.cutValues += changes.cutValues
    }
    if (data === GAUGE || data === SUM) writePoint(rows, cursor, point, reference)
    else writeHistogram(rows, cursor, data, point, reference)
  }
}

function createTarget(table: Table, shared: Translation, growth?: number): Target {
  const { cursor } = shared
  const writer = new TableWriter(table, shared, growth)
  const exemplars = new ExemplarWriter(cursor, writer.rows, writer.values)
  return { table: writer, point: new DataPointReader(cursor, exemplars) }
}
