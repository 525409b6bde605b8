import { isSeq, type Node } from 'yaml'
import { entriesOf, type FileSource, scalarText } from './source'
import { judgeToken, SCOPES, type Token, TOKEN_ALLOWED } from './token'

const TOKEN_KEYS = ['token', 'scope', 'tenant'] as const

/** Reads the section `tokens`; those with a fault are left out. */
export function readTokens(source: FileSource, node: Node): Token[] {
  if (!isSeq<Node>(node)) {
    const allowed = 'a list of {token, scope, tenant}'
    source.fault(node, 'tokens', null, 'it is not a list', allowed)
    return []
  }
  return node.items.flatMap((item, index) => readToken(source, `tokens[${index}]`, item) ?? [])
}

function readToken(source: FileSource, path: string, node: Node): Token | null {
  const faultsBefore = source.faults.length
  const texts = readFields(source, path, node)
  if (texts === null) return null
  const token = texts.get('token')
  const scope = SCOPES.find((known) => known === texts.get('scope'))
  const problem = token === undefined ? 'is missing' : judgeToken(token)
  if (problem !== null) {
    const value = token === undefined ? null : '***'
    source.fault(node, `${path}.token`, value, `the token ${problem}`, TOKEN_ALLOWED)
  }
  if (scope === undefined) {
    const given = texts.get('scope')
    const saying = given === undefined ? 'the scope is missing' : 'there is no such scope'
    source.fault(node, `${path}.scope`, given ?? null, saying, SCOPES.join(', '))
  }
  if (token === undefined || scope === undefined || source.faults.length > faultsBefore) return null
  return { token, scope, tenant: texts.get('tenant') ?? null }
}

function readFields(source: FileSource, path: string, map: Node): Map<string, string> | null {
  const entries = entriesOf(map)
  if (entries === null) {
    source.fault(map, path, null, 'it is not a map', TOKEN_KEYS.join(', '))
    return null
  }
  const texts = new Map<string, string>()
  for (const { name, keyNode, node } of entries) {
    const text = node === null ? null : scalarText(node)
    if (!TOKEN_KEYS.some((known) => known === name)) {
      const allowed = TOKEN_KEYS.join(', ')
      source.fault(keyNode, `${path}.${name}`, null, 'there is no such key', allowed)
    } else if (text === null) {
      source.fault(keyNode, `${path}.${name}`, null, 'it is not a text', null)
    } else {
      texts.set(name, text)
    }
  }
  return texts
}
