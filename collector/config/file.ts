import { LineCounter, type Node, parseDocument } from 'yaml'
import type { Fault } from './fault'
import { type GroupingTexts, NO_GROUPING, readInApp, readRules } from './grouping'
import type { Key } from './key'
import { KEYS } from './keys'
import { type Override, readOverrides } from './override'
import { FileSource } from './source'
import { type FileText, readTexts } from './texts'
import type { Token } from './token'
import { readTokens } from './token-list'

/** What a configuration file says. */
export interface FileSettings {
  /** The texts of the keys that are set, by their path. */
  readonly texts: ReadonlyMap<string, FileText>
  readonly tokens: readonly Token[]
  readonly overrides: readonly Override[]
  readonly grouping: GroupingTexts
  readonly faults: readonly Fault[]
}

/** Reads a configuration file's YAML; every fault it has is among `faults`. */
export function parseFile(file: string, yaml: string): FileSettings {
  const lines = new LineCounter()
  const document = parseDocument(yaml, { lineCounter: lines, prettyErrors: false })
  const source = new FileSource(file, lines)
  for (const error of document.errors) {
    source.fault(error.pos[0], 'YAML', null, `it cannot be read: ${error.message}`, null)
  }
  const tokens: Token[] = []
  const overrides: Override[] = []
  const grouping: { -readonly [Part in keyof GroupingTexts]: GroupingTexts[Part] } = {
    ...NO_GROUPING,
  }
  const sections = new Map<string, (node: Node) => void>([
    ['tokens', (node) => tokens.push(...readTokens(source, node))],
    ['health.services', (node) => overrides.push(...readOverrides(source, 'services', node))],
    ['health.modules', (node) => overrides.push(...readOverrides(source, 'modules', node))],
    ['errors.rules', (node) => void (grouping.rules = readRules(source, node))],
    ['errors.in_app', (node) => void (grouping.inApp = readInApp(source, node))],
  ])
  const map = document.errors.length === 0 ? document.contents : null
  const texts =
    map === null
      ? new Map<string, FileText>()
      : readTexts(source, { keys: KEY_BY_PATH, sections }, map)
  return { texts, tokens, overrides, grouping, faults: source.faults }
}

const KEY_BY_PATH = new Map<string, Key<unknown>>(
  Object.values(KEYS).flatMap((key) => (key.path === null ? [] : [[key.path, key] as const])),
)
