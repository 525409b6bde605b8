import type { Node } from 'yaml'
import { BadValue } from './fault'
import { HEALTH_KEYS } from './health'
import type { Key } from './key'
import { entriesOf, type FileSource } from './source'
import { type FileText, readTexts } from './texts'

/** The settings that one service or module may have for itself. */
export type HealthSettings = {
  readonly [Name in keyof typeof HEALTH_KEYS]: (typeof HEALTH_KEYS)[Name] extends Key<infer T>
    ? T
    : never
}
export type HealthSetting = keyof HealthSettings

/** What a service or module has for itself, beside what holds for all. */
export interface Override {
  readonly of: 'services' | 'modules'
  readonly name: string
  readonly settings: Partial<HealthSettings>
  /** As they stand in the file. */
  readonly texts: ReadonlyMap<HealthSetting, FileText>
}

const NAMES = Object.keys(HEALTH_KEYS) as HealthSetting[]
const NAME_BY_PATH = new Map(NAMES.map((name) => [pathWithin(name), name]))
const WORDS = {
  keys: new Map(NAMES.map((name) => [pathWithin(name), HEALTH_KEYS[name]])),
  sections: new Map(),
}

/** Reads the section `health.services` or `health.modules`: a map of names, each with keys of `health`. */
export function readOverrides(source: FileSource, of: Override['of'], node: Node): Override[] {
  const section = `health.${of}`
  const entries = entriesOf(node)
  if (entries === null) source.fault(node, section, null, 'it is not a map of names', null)
  return (entries ?? []).flatMap(({ name, node: own }) => {
    if (own === null) return []
    const above = `${section}.${name}.`
    const texts = new Map<HealthSetting, FileText>()
    const settings: Partial<Record<HealthSetting, number>> = {}
    for (const [path, text] of readTexts(source, WORDS, own, above)) {
      const setting = NAME_BY_PATH.get(path)!
      const value = parse(source, setting, text, `${above}${path}`)
      if (value === null) continue
      settings[setting] = value
      texts.set(setting, text)
    }
    return [{ of, name, settings, texts }]
  })
}

/** The path of a setting of an override in the file. */
export function pathOf({ of, name }: Override, setting: HealthSetting): string {
  return `health.${of}.${name}.${pathWithin(setting)}`
}

/** Its path below `health`, or below a service's or module's name. */
function pathWithin(setting: HealthSetting): string {
  return (HEALTH_KEYS[setting].path ?? '').replace(/^health\./, '')
}

function parse(source: FileSource, setting: HealthSetting, { text, place }: FileText, key: string) {
  const { type } = HEALTH_KEYS[setting]
  try {
    if (text === '') throw new BadValue('it is empty')
    return type.parse(text)
  } catch (error) {
    if (!(error instanceof BadValue)) throw error
    source.faults.push({ key, value: text, problem: error.message, allowed: type.allowed, place })
    return null
  }
}
