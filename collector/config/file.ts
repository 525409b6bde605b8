import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import type { Fault } from './fault'
import { suggest } from './fault'
import { KEYS } from './keys'
import { judgeToken, SCOPES, type Token, TOKEN_ALLOWED } from './token'

/** What a configuration file says. */
export interface FileSettings {
  /** The texts of the keys that are set, by their path. */
  readonly texts: ReadonlyMap<string, FileText>
  readonly tokens: readonly Token[]
  readonly faults: readonly Fault[]
}

export interface FileText {
  readonly text: string
  /** `file:line`. */
  readonly place: string
}

/** Reads a configuration file's YAML; every fault it has is among `faults`. */
export function parseFile(file: string, yaml: string): FileSettings {
  const lines = new LineCounter()
  const document = parseDocument(yaml, { lineCounter: lines, prettyErrors: false })
  const reading = new Reading(file, lines)
  for (const error of document.errors) {
    const line = lines.linePos(error.pos[0]).line
    reading.fault(line, 'YAML', null, `it cannot be read: ${error.message}`, null)
  }
  if (document.errors.length === 0 && document.contents !== null) {
    reading.readMap('', document.contents)
  }
  return reading
}

const KEY_BY_PATH = new Map(
  Object.values(KEYS).flatMap((key) => (key.path === null ? [] : [[key.path, key] as const])),
)
const TOKEN_KEYS = ['token', 'scope', 'tenant'] as const
const PATHS = [...KEY_BY_PATH.keys(), 'tokens']
const GROUPS = [...new Set(PATHS.flatMap(groupsOf))]

/** One pass over a document. */
class Reading implements FileSettings {
  readonly texts = new Map<string, FileText>()
  readonly tokens: Token[] = []
  readonly faults: Fault[] = []
  readonly #file: string
  readonly #lines: LineCounter

  constructor(file: string, lines: LineCounter) {
    this.#file = file
    this.#lines = lines
  }

  fault(line: number, key: string, value: string | null, problem: string, allowed: string | null) {
    this.faults.push({ key, value, problem, allowed, place: `${this.#file}:${line}` })
  }

  readMap(prefix: string, node: Node): void {
    if (!isMap<Node, Node | null>(node)) {
      const where = prefix === '' ? 'the file' : prefix
      this.fault(this.#line(node), where, null, 'it is not a map of keys', null)
      return
    }
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : '?'
      this.#readEntry(prefix === '' ? name : `${prefix}.${name}`, key, value)
    }
  }

  #readEntry(path: string, keyNode: Node, node: Node | null): void {
    const isGroup = GROUPS.includes(path)
    if (!PATHS.includes(path) && !isGroup) {
      const meant = suggest(path, [...PATHS, ...GROUPS])
      const hint = meant === null ? '' : `; did you mean ${meant}?`
      this.fault(this.#line(keyNode), path, null, `there is no such key${hint}`, null)
      return
    }
    if (node === null || (isScalar(node) && node.value === null)) return
    if (isGroup) this.readMap(path, node)
    else if (path === 'tokens') this.#readTokens(node)
    else this.#readText(path, node)
  }

  #readText(path: string, node: Node): void {
    const key = KEY_BY_PATH.get(path)
    const items = key?.type.isList && isSeq<Node>(node) ? node.items : [node]
    const texts = items.map((item) => scalarText(item))
    if (texts.includes(null)) {
      const problem = key?.type.isList
        ? 'it is not a list of texts'
        : 'it is not a text or a number'
      this.fault(this.#line(node), path, null, problem, key?.type.allowed ?? null)
      return
    }
    const place = `${this.#file}:${this.#line(node)}`
    this.texts.set(path, { text: texts.join(','), place })
  }

  #readTokens(node: Node): void {
    if (!isSeq<Node>(node)) {
      const allowed = 'a list of {token, scope, tenant}'
      this.fault(this.#line(node), 'tokens', null, 'it is not a list', allowed)
      return
    }
    for (const [index, item] of node.items.entries()) this.#readToken(`tokens[${index}]`, item)
  }

  #readToken(path: string, node: Node): void {
    if (!isMap<Node, Node | null>(node)) {
      this.fault(this.#line(node), path, null, 'it is not a map', 'token, scope, tenant')
      return
    }
    const faultsBefore = this.faults.length
    const texts = new Map<string, string>()
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : '?'
      const text = value === null ? null : scalarText(value)
      if (!TOKEN_KEYS.some((known) => known === name)) {
        const allowed = TOKEN_KEYS.join(', ')
        this.fault(this.#line(key), `${path}.${name}`, null, 'there is no such key', allowed)
      } else if (text === null) {
        this.fault(this.#line(key), `${path}.${name}`, null, 'it is not a text', null)
      } else {
        texts.set(name, text)
      }
    }
    const token = texts.get('token')
    const scope = SCOPES.find((known) => known === texts.get('scope'))
    const line = this.#line(node)
    const problem = token === undefined ? 'is missing' : judgeToken(token)
    if (problem !== null) {
      const value = token === undefined ? null : '***'
      this.fault(line, `${path}.token`, value, `the token ${problem}`, TOKEN_ALLOWED)
    }
    if (scope === undefined) {
      const given = texts.get('scope')
      const saying = given === undefined ? 'the scope is missing' : 'there is no such scope'
      this.fault(line, `${path}.scope`, given ?? null, saying, SCOPES.join(', '))
    }
    if (token === undefined || scope === undefined || this.faults.length > faultsBefore) return
    this.tokens.push({ token, scope, tenant: texts.get('tenant') ?? null })
  }

  #line(node: Node): number {
    return this.#lines.linePos(node.range?.[0] ?? 0).line
  }
}

/** The paths above a path: `otlp` and `otlp.tls` of `otlp.tls.cert_file`. */
function groupsOf(path: string): string[] {
  const names = path.split('.')
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join('.'))
}

/** The text of a scalar that is a text or a number, as it stands in the file; null for anything else. */
function scalarText(node: Node): string | null {
  if (isAlias(node) || !isScalar(node)) return null
  if (typeof node.value === 'string') return node.value.trim()
  return typeof node.value === 'number' ? (node.source ?? String(node.value)) : null
}
