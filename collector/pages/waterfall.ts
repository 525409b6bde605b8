import { buildTree, type TreeNode } from '../api/tree'
import type { StoredSpan } from '../api/schemas/trace'

const NS_PER_MS = 1e6
/** Of the width of the chart, so that the shortest span is seen. */
const MIN_WIDTH = 3
/** How wide the chart is, in its own units. */
export const CHART_WIDTH = 1_000

/** A row of the waterfall: a span, or a parent that children name but nobody sent. */
export interface Row {
  readonly spanId: string
  readonly span: StoredSpan | null
  readonly depth: number
  readonly selfMs: number | null
  /** In units of the chart; null when the span has no start. */
  readonly bar: { readonly x: number; readonly width: number } | null
}

/** The rows of a trace in the order of its tree, `maxRows` at most, and what their chart spans. */
export interface Waterfall {
  readonly rows: readonly Row[]
  /** How many there are in all. */
  readonly rowCount: number
  readonly startMs: number | null
  readonly lengthMs: number
}

/** Arranges spans for reading from top to bottom: children below their parent, in order of start. */
export function arrangeWaterfall(spans: readonly StoredSpan[], maxRows: number): Waterfall {
  const { startNs, endNs } = extentOf(spans)
  const lengthNs = Number(endNs - startNs)
  const rows: Row[] = []
  let rowCount = 0
  const stack = buildTree(spans).reverse()
  for (let node = stack.pop(); node; node = stack.pop()) {
    rowCount++
    if (rows.length < maxRows) rows.push(rowOf(node, startNs, lengthNs))
    for (let at = node.children.length - 1; at >= 0; at--) stack.push(node.children[at]!)
  }
  const startMs = startNs === 0n ? null : Number(startNs / BigInt(NS_PER_MS))
  return { rows, rowCount, startMs, lengthMs: lengthNs / NS_PER_MS }
}

/** Failed: status error, or a server's answer with an HTTP status from 500 on. */
export function isFailed({ status, kind, attributes }: StoredSpan): boolean {
  const code = attributes['http.response.status_code'] ?? attributes['http.status_code']
  return status === 'error' || (kind === 'server' && /^[5-9]\d\d$/.test(String(code)))
}

/** From the first start to the last end. */
function extentOf(spans: readonly StoredSpan[]): {
  readonly startNs: bigint
  readonly endNs: bigint
} {
  let startNs: bigint | null = null
  let endNs: bigint | null = null
  for (const { startTimeUnixNano, endTimeUnixNano } of spans) {
    for (const text of [startTimeUnixNano, endTimeUnixNano]) {
      if (text === null) continue
      const ns = BigInt(text)
      if (startNs === null || ns < startNs) startNs = ns
      if (endNs === null || ns > endNs) endNs = ns
    }
  }
  return { startNs: startNs ?? 0n, endNs: endNs ?? 0n }
}

function rowOf(
  { spanId, span, depth, selfTimeNs }: TreeNode<StoredSpan>,
  startNs: bigint,
  lengthNs: number,
): Row {
  const selfMs = selfTimeNs === null ? null : Number(selfTimeNs) / NS_PER_MS
  return { spanId, span, depth, selfMs, bar: span === null ? null : barOf(span, startNs, lengthNs) }
}

function barOf({ startTimeUnixNano, durationMs }: StoredSpan, startNs: bigint, lengthNs: number) {
  if (startTimeUnixNano === null) return null
  const share = (ns: number) => (lengthNs === 0 ? 0 : Math.round((ns / lengthNs) * CHART_WIDTH))
  const width = Math.max(MIN_WIDTH, share((durationMs ?? 0) * NS_PER_MS))
  const x = Math.min(share(Number(BigInt(startTimeUnixNano) - startNs)), CHART_WIDTH - width)
  return { x: Math.max(0, x), width }
}
