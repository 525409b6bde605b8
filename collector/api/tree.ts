/** What the tree needs to know of a span. */
export interface TreeSpan {
  readonly spanId: string
  readonly parentSpanId: string | null
  /** Decimal, unix nanoseconds. */
  readonly startTimeUnixNano: string | null
  readonly endTimeUnixNano: string | null
}

/** A span in its place; `span` is null for a parent that children name but nobody sent. */
export interface TreeNode<S> {
  readonly spanId: string
  readonly span: S | null
  readonly children: TreeNode<S>[]
  /** Steps from its root. */
  depth: number
  /** Time in which no child ran, children being cut to their parent's time; null when the span has no duration. */
  selfTimeNs: bigint | null
}

interface Timed<S> extends TreeNode<S> {
  readonly children: Timed<S>[]
  readonly startNs: bigint | null
  readonly endNs: bigint | null
  /** By what siblings are sorted: the start, else the end, for a missing parent its first child's. */
  sortNs: bigint
}

/**
 * Arranges the spans of one trace. Takes any input: parents that are missing stand in for themselves, a span id sent
 * twice gives two nodes (children hang on the earlier), a circle of parents is cut above its earliest span. Iterative,
 * so that depth is bounded by memory only.
 */
export function buildTree<S extends TreeSpan>(spans: readonly S[]): TreeNode<S>[] {
  const nodes = spans.map(toNode).sort(byTime)
  const bySpanId = new Map<string, Timed<S>>()
  for (const node of nodes) if (!bySpanId.has(node.spanId)) bySpanId.set(node.spanId, node)

  const roots: Timed<S>[] = []
  const missing = new Map<string, Timed<S>>()
  const parents = new Map<Timed<S>, Timed<S>>()
  for (const node of nodes) {
    const parentId = node.span?.parentSpanId ?? null
    if (parentId === null) {
      roots.push(node)
      continue
    }
    const parent = bySpanId.get(parentId) ?? missing.get(parentId) ?? standIn(parentId, node)
    if (parent.span === null && !missing.has(parentId)) {
      missing.set(parentId, parent)
      roots.push(parent)
    }
    parent.children.push(node)
    parents.set(node, parent)
  }

  const placed = new Set<Timed<S>>()
  for (const root of roots) place(root, placed)
  for (const node of nodes) {
    if (placed.has(node)) continue
    const root = cutCircle(node, parents)
    roots.push(root)
    place(root, placed)
  }
  return roots.sort(byTime)
}

function toNode<S extends TreeSpan>(span: S): Timed<S> {
  const startNs = span.startTimeUnixNano === null ? null : BigInt(span.startTimeUnixNano)
  const endNs = span.endTimeUnixNano === null ? null : BigInt(span.endTimeUnixNano)
  return {
    spanId: span.spanId,
    span,
    children: [],
    depth: 0,
    selfTimeNs: null,
    startNs,
    endNs,
    sortNs: startNs ?? endNs ?? 0n,
  }
}

function standIn<S>(spanId: string, firstChild: Timed<S>): Timed<S> {
  return {
    spanId,
    span: null,
    children: [],
    depth: 0,
    selfTimeNs: null,
    startNs: null,
    endNs: null,
    sortNs: firstChild.sortNs,
  }
}

function byTime<S>(a: Timed<S>, b: Timed<S>): number {
  return a.sortNs < b.sortNs ? -1 : a.sortNs > b.sortNs ? 1 : 0
}

/** Sets depth and self time of everything below `root`. */
function place<S>(root: Timed<S>, placed: Set<Timed<S>>): void {
  const stack = [root]
  placed.add(root)
  for (let node = stack.pop(); node; node = stack.pop()) {
    node.selfTimeNs = selfTimeOf(node)
    for (const child of node.children) {
      child.depth = node.depth + 1
      placed.add(child)
      stack.push(child)
    }
  }
}

/** Children come in order of start, so their union is one sweep. */
function selfTimeOf<S>({ startNs, endNs, children }: Timed<S>): bigint | null {
  if (startNs === null || endNs === null || endNs < startNs) return null
  let selfNs = 0n
  let coveredNs = startNs
  for (const child of children) {
    if (child.startNs === null || child.endNs === null || child.endNs < child.startNs) continue
    const fromNs = child.startNs < endNs ? child.startNs : endNs
    const toNs = child.endNs < endNs ? child.endNs : endNs
    if (fromNs > coveredNs) selfNs += fromNs - coveredNs
    if (toNs > coveredNs) coveredNs = toNs
  }
  return selfNs + endNs - coveredNs
}

/** A span no root leads to hangs below a circle, or is in it: finds the circle and cuts it above its earliest span. */
function cutCircle<S>(start: Timed<S>, parents: ReadonlyMap<Timed<S>, Timed<S>>): Timed<S> {
  const seen = new Set<Timed<S>>()
  let node: Timed<S> = start
  while (!seen.has(node)) {
    seen.add(node)
    node = parents.get(node) ?? node
  }
  let earliest = node
  for (let on = parents.get(node) ?? node; on !== node; on = parents.get(on) ?? node) {
    if (on.sortNs < earliest.sortNs) earliest = on
  }
  const siblings = parents.get(earliest)?.children ?? []
  siblings.splice(siblings.indexOf(earliest), 1)
  return earliest
}
