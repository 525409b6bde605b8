import { isScalar, isSeq, type Node } from 'yaml'
import {
  ATTRIBUTE,
  type InAppText,
  RULE_FIELDS,
  RULE_VARIABLES,
  type RuleText,
} from '../translate/fingerprint/rules'
import { suggest } from './fault'
import { type Entry, entriesOf, type FileSource, scalarText } from './source'

/** How errors are to be grouped, as the file says it. `place`: `file:line`. */
export interface GroupingTexts {
  readonly rules: readonly (RuleText & Placed)[]
  readonly inApp: readonly (InAppText & Placed)[]
}

interface Placed {
  readonly place: string
}

/** Nothing said. */
export const NO_GROUPING: GroupingTexts = { rules: [], inApp: [] }

/** A rule or folder as it is shown: its path in the file, and what it says. */
export function showGrouping({ rules, inApp }: GroupingTexts) {
  const list = (values: readonly string[]) => `[${values.join(', ')}]`
  return [
    ...rules.map(({ match, fingerprint, place }, index) => {
      const asked = Object.entries(match).map(([field, glob]) => `${field}: ${glob}`)
      return {
        text: `errors.rules[${index}]=${list(asked)} -> ${list(fingerprint)}`,
        place,
      }
    }),
    ...inApp.map(({ path, isInApp, place }, index) => {
      return { text: `errors.in_app[${index}]=${path}: ${isInApp}`, place }
    }),
  ]
}

/** Reads the section `errors.rules`: a list of `{match, fingerprint}`. Those with a fault are left out. */
export function readRules(source: FileSource, node: Node): GroupingTexts['rules'] {
  const section = 'errors.rules'
  return itemsOf(source, section, node, 'a list of {match, fingerprint}').flatMap(
    (item, index) => readRule(source, `${section}[${index}]`, item) ?? [],
  )
}

/** Reads the section `errors.in_app`: a list of `{path, in_app}`. Those with a fault are left out. */
export function readInApp(source: FileSource, node: Node): GroupingTexts['inApp'] {
  const section = 'errors.in_app'
  return itemsOf(source, section, node, 'a list of {path, in_app}').flatMap((item, index) => {
    const path = `${section}[${index}]`
    const entries = fieldsOf(source, path, item, ['path', 'in_app'])
    if (entries === null) return []
    const glob = textOf(source, `${path}.path`, entries.get('path') ?? null, item)
    const flag = entries.get('in_app') ?? null
    const isInApp = isScalar(flag) ? flag.value : null
    if (typeof isInApp !== 'boolean') {
      source.fault(flag ?? item, `${path}.in_app`, null, 'it is neither true nor false', null)
    }
    if (glob === null || typeof isInApp !== 'boolean') return []
    return [{ path: glob, isInApp, place: source.placeOf(item) }]
  })
}

const RULE_KEYS = ['match', 'fingerprint']
/** Every error is matched against every glob. */
const LONGEST_TEXT = 200

function readRule(source: FileSource, path: string, item: Node) {
  const entries = fieldsOf(source, path, item, RULE_KEYS)
  if (entries === null) return null
  const before = source.faults.length
  const match = readMatch(source, `${path}.match`, entries.get('match') ?? null, item)
  const fingerprint = readParts(source, `${path}.fingerprint`, entries.get('fingerprint') ?? null)
  if (fingerprint.length === 0 && source.faults.length === before) {
    source.fault(item, path, null, 'it says no fingerprint', null)
  }
  if (source.faults.length > before) return null
  return { match, fingerprint, place: source.placeOf(item) }
}

function readMatch(source: FileSource, path: string, node: Node | null, item: Node) {
  const match: Record<string, string> = {}
  const allowed = `${RULE_FIELDS.join(', ')}, ${ATTRIBUTE}<name>`
  const entries = node === null ? [] : entriesOf(node)
  if (entries === null || entries.length === 0) {
    const problem = entries === null ? 'it is not a map' : 'nothing is to match'
    source.fault(node ?? item, path, null, problem, allowed)
    return match
  }
  for (const { name, keyNode, node: value } of entries) {
    if (!isField(name)) {
      source.fault(keyNode, `${path}.${name}`, null, 'there is no such field', allowed)
      continue
    }
    const glob = textOf(source, `${path}.${name}`, value, keyNode)
    if (glob !== null) match[name] = glob
  }
  return match
}

function isField(name: string): boolean {
  return (
    RULE_FIELDS.some((field) => field === name) ||
    (name.startsWith(ATTRIBUTE) && name.length > ATTRIBUTE.length)
  )
}

function readParts(source: FileSource, path: string, node: Node | null): string[] {
  if (node === null) return []
  if (!isSeq<Node>(node)) {
    source.fault(node, path, null, 'it is not a list of texts', null)
    return []
  }
  return node.items.flatMap((item, index) => {
    const part = textOf(source, `${path}[${index}]`, item, node)
    if (part === null) return []
    const name = variableOf(part)
    if (name === null || name === 'default' || isField(name)) return [part]
    const meant = suggest(name, RULE_VARIABLES)
    const hint = meant === null ? '' : `; did you mean {{ ${meant} }}?`
    const allowed = `${RULE_VARIABLES.join(', ')}, ${ATTRIBUTE}<name>`
    source.fault(item, `${path}[${index}]`, part, `there is no such variable${hint}`, allowed)
    return []
  })
}

/** What stands in double braces, null when the part is a text. */
function variableOf(part: string): string | null {
  return part.startsWith('{{') && part.endsWith('}}') ? part.slice(2, -2).trim() : null
}

function itemsOf(source: FileSource, section: string, node: Node, allowed: string): Node[] {
  if (isSeq<Node>(node)) return node.items
  source.fault(node, section, null, 'it is not a list', allowed)
  return []
}

function fieldsOf(source: FileSource, path: string, item: Node, keys: readonly string[]) {
  const entries = entriesOf(item)
  if (entries === null) {
    source.fault(item, path, null, 'it is not a map', keys.join(', '))
    return null
  }
  const unknown = entries.filter(({ name }) => !keys.includes(name))
  for (const { name, keyNode } of unknown) {
    source.fault(keyNode, `${path}.${name}`, null, 'there is no such key', keys.join(', '))
  }
  return unknown.length > 0 ? null : toMap(entries)
}

function toMap(entries: readonly Entry[]): ReadonlyMap<string, Node | null> {
  return new Map(entries.map(({ name, node }) => [name, node]))
}

/** A text that is there, not empty and not too long; else a fault. */
function textOf(source: FileSource, path: string, node: Node | null, above: Node): string | null {
  const text = node === null ? '' : scalarText(node)
  if (text !== null && text !== '' && text.length <= LONGEST_TEXT) return text
  const long = `it is longer than ${LONGEST_TEXT} characters`
  const problem = text === null ? 'it is not a text' : text === '' ? 'it is empty' : long
  source.fault(node ?? above, path, null, problem, null)
  return null
}
