import { isAlias, isMap, isScalar, type LineCounter, type Node } from 'yaml'
import type { Fault } from './fault'

/** An entry of a map: where its key stands, and the value, null when there is none. */
export interface Entry {
  readonly name: string
  readonly keyNode: Node
  readonly node: Node | null
}

/** A configuration file while it is read: tells where its nodes stand, and gathers what is wrong. */
export class FileSource {
  readonly faults: Fault[] = []
  readonly #file: string
  readonly #lines: LineCounter

  constructor(file: string, lines: LineCounter) {
    this.#file = file
    this.#lines = lines
  }

  /** `file:line` of an offset or a node. */
  placeOf(at: Node | number): string {
    const offset = typeof at === 'number' ? at : (at.range?.[0] ?? 0)
    return `${this.#file}:${this.#lines.linePos(offset).line}`
  }

  fault(
    at: Node | number,
    key: string,
    value: string | null,
    problem: string,
    allowed: string | null,
  ): void {
    this.faults.push({ key, value, problem, allowed, place: this.placeOf(at) })
  }
}

/** The entries of a map; null when the node is none. */
export function entriesOf(node: Node): Entry[] | null {
  if (!isMap<Node, Node | null>(node)) return null
  return node.items.map(({ key, value }) => ({
    name: isScalar(key) ? String(key.value) : '?',
    keyNode: key,
    node: value === null || (isScalar(value) && value.value === null) ? null : value,
  }))
}

/** The text of a scalar that is a text or a number, as it stands in the file; null for anything else. */
export function scalarText(node: Node): string | null {
  if (isAlias(node) || !isScalar(node)) return null
  if (typeof node.value === 'string') return node.value.trim()
  return typeof node.value === 'number' ? (node.source ?? String(node.value)) : null
}
