import type { StoredTrace } from './contract'
import type { StoredOccurrence } from './error-contract'
import type { StoredSpan, Trace, TraceNode } from './schemas/trace'
import { buildTree, type TreeNode } from './tree'

const NS_PER_MS = 1e6
/** Deepest level of the nested tree: a reader of JSON, this process included, descends by recursion. */
const MAX_DEPTH = 500

type Node = TreeNode<StoredSpan>

/** The answer about one trace: its spans as a flat list and as a tree, its log records, and the errors kept of it. */
export function composeTrace(
  traceId: string,
  stored: StoredTrace,
  occurrences: readonly StoredOccurrence[],
): Trace {
  const { spans, isTruncated, logs, isLogsTruncated } = stored
  const roots = buildTree(spans)
  const nodes = nodesBySpan(roots)
  return {
    traceId,
    spanCount: spans.length,
    truncated: isTruncated,
    services: [...new Set(spans.map((span) => span.service))],
    ...extentOf(spans),
    spans: spans.map((span) => ({
      ...span,
      depth: nodes.get(span)?.depth ?? 0,
      selfTimeMs: toMs(nodes.get(span)?.selfTimeNs ?? null),
    })),
    tree: nest(roots),
    logs: [...logs],
    logsTruncated: isLogsTruncated,
    occurrences: occurrences.map((each) => ({ ...each, exceptions: [...each.exceptions] })),
  }
}

function nodesBySpan(roots: readonly Node[]): Map<StoredSpan, Node> {
  const nodes = new Map<StoredSpan, Node>()
  const stack = [...roots]
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (node.span) nodes.set(node.span, node)
    for (const child of node.children) stack.push(child)
  }
  return nodes
}

function extentOf(spans: readonly StoredSpan[]) {
  let [first, last]: (StoredSpan | null)[] = [null, null]
  for (const span of spans) {
    if (isBefore(span.startTimeUnixNano, first?.startTimeUnixNano ?? null)) first = span
    if (isAfter(span.endTimeUnixNano, last?.endTimeUnixNano ?? null)) last = span
  }
  return {
    startTime: first?.startTime ?? null,
    endTime: last?.endTime ?? null,
    durationMs:
      first?.startTimeUnixNano && last?.endTimeUnixNano
        ? toMs(BigInt(last.endTimeUnixNano) - BigInt(first.startTimeUnixNano))
        : null,
  }
}

function isBefore(a: string | null, b: string | null): boolean {
  return a !== null && (b === null || BigInt(a) < BigInt(b))
}

function isAfter(a: string | null, b: string | null): boolean {
  return a !== null && (b === null || BigInt(a) > BigInt(b))
}

/** Copies the tree down to `MAX_DEPTH`, iteratively; spans one level below are named only. */
function nest(roots: readonly Node[]): TraceNode[] {
  const tree: TraceNode[] = []
  const stack = roots.map((node) => ({ node, into: tree })).reverse()
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { node, into } = next
    if (node.depth >= MAX_DEPTH) {
      into.push({ spanId: node.spanId, truncated: true, children: [] })
      continue
    }
    const copy = copyOf(node)
    into.push(copy)
    for (let at = node.children.length - 1; at >= 0; at--) {
      const child = node.children[at]
      if (child) stack.push({ node: child, into: copy.children })
    }
  }
  return tree
}

function copyOf({ spanId, span, selfTimeNs }: Node): TraceNode {
  if (!span) return { spanId, missing: true, children: [] }
  return {
    spanId,
    name: span.name,
    service: span.service,
    module: span.module,
    kind: span.kind,
    status: span.status,
    startTime: span.startTime,
    durationMs: span.durationMs,
    selfTimeMs: toMs(selfTimeNs),
    children: [],
  }
}

function toMs(ns: bigint | null): number | null {
  return ns === null ? null : Number(ns) / NS_PER_MS
}
