import { isSeq, type Node } from 'yaml'
import { suggest } from './fault'
import type { Key } from './key'
import { entriesOf, type FileSource, scalarText } from './source'

/** The text of a setting. */
export interface FileText {
  readonly text: string
  /** `file:line`. */
  readonly place: string
}

/** What a map may hold: settings, by their path in it, and sections that are read in a way of their own. */
export interface Vocabulary {
  readonly keys: ReadonlyMap<string, Key<unknown>>
  readonly sections: ReadonlyMap<string, (node: Node) => void>
}

/** Reads the settings of a map and of the maps in it, by their path. `above`: the path of the map itself, empty or ending in a dot. */
export function readTexts(
  source: FileSource,
  { keys, sections }: Vocabulary,
  map: Node,
  above = '',
): Map<string, FileText> {
  const texts = new Map<string, FileText>()
  const paths = [...keys.keys(), ...sections.keys()]
  const groups = [...new Set(paths.flatMap(groupsOf))]
  const readMap = (prefix: string, node: Node): void => {
    const entries = entriesOf(node)
    if (entries === null) {
      const where = `${above}${prefix}`.slice(0, -1) || 'the file'
      source.fault(node, where, null, 'it is not a map of keys', null)
      return
    }
    for (const { name, keyNode, node: value } of entries) {
      const path = `${prefix}${name}`
      const section = sections.get(path)
      const key = keys.get(path)
      if (section === undefined && key === undefined && !groups.includes(path)) {
        const meant = suggest(path, [...paths, ...groups])
        const hint = meant === null ? '' : `; did you mean ${above}${meant}?`
        source.fault(keyNode, `${above}${path}`, null, `there is no such key${hint}`, null)
      } else if (value !== null) {
        if (section !== undefined) section(value)
        else if (key === undefined) readMap(`${path}.`, value)
        else readText(source, key, `${above}${path}`, value, (text) => texts.set(path, text))
      }
    }
  }
  readMap('', map)
  return texts
}

function readText(
  source: FileSource,
  { type }: Key<unknown>,
  path: string,
  node: Node,
  take: (text: FileText) => void,
): void {
  const items = type.isList && isSeq<Node>(node) ? node.items : [node]
  const texts = items.map((item) => scalarText(item))
  if (!texts.includes(null)) return take({ text: texts.join(','), place: source.placeOf(node) })
  const problem = type.isList ? 'it is not a list of texts' : 'it is not a text or a number'
  source.fault(node, path, null, problem, type.allowed)
}

/** The paths above a path: `otlp` and `otlp.tls` of `otlp.tls.cert_file`. */
function groupsOf(path: string): string[] {
  const names = path.split('.')
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join('.'))
}
