import { join } from 'node:path'
import type { Test } from 'tap'
import { BOOTSTRAP, launch, ROOT, stage } from './application'
import { type ReceivedSpan, startReceiver } from './receiver'

/** The API an application makes its own spans with. */
export const API = join(ROOT, 'node_modules', '@opentelemetry', 'api')

/** A span with those below it, in the order they ended. */
export interface Tree extends ReceivedSpan {
  readonly children: Tree[]
}

/** Runs an application that calls a database to its end; with the bootstrap, or without to compare. */
export async function traceDatabase(
  t: Test,
  app: string,
  libraries: 'current' | 'older',
  env: NodeJS.ProcessEnv,
  bootstrapped = true,
) {
  const receiver = await startReceiver(t)
  const ended = await launch(t, stage(t, app, libraries), {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, APP_API: API, ...env },
    flags: bootstrapped ? ['--require', BOOTSTRAP] : [],
  }).ended
  t.equal(ended.code, 0, ended.stderr)
  return {
    ...ended,
    spans: receiver.spans,
    points: receiver.points,
    trees: treesOf(receiver.spans),
  }
}

export function children({ children: below }: Tree): Tree[] {
  return below
}

/** The roots that spans make up. */
export function treesOf(spans: readonly ReceivedSpan[]): Tree[] {
  const trees = new Map(spans.map((span) => [span.spanId, { ...span, children: [] as Tree[] }]))
  const roots: Tree[] = []
  for (const tree of trees.values()) {
    const parent = trees.get(tree.parentSpanId)
    if (parent === undefined) roots.push(tree)
    else parent.children.push(tree)
  }
  return roots
}
