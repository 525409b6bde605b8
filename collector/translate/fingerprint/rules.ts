import type { Fingerprint, ErrorReport } from './fingerprint'
import { compileGlob, type Glob } from './glob'

/** What a rule asks of an error: the field, and `attribute.<name>`. */
export const RULE_FIELDS = [
  'class',
  'message',
  'service',
  'module',
  'operation',
  'code',
  'path',
  'function',
] as const

/** What may stand in double braces in the fingerprint of a rule or of an application, beside `attribute.<name>`. */
export const RULE_VARIABLES = ['default', ...RULE_FIELDS] as const

/** A rule as the configuration says it: every glob must match, of `path` and `function` that of any frame. */
export interface RuleText {
  readonly match: Readonly<Record<string, string>>
  readonly fingerprint: readonly string[]
}

/** Which frames are of the application, by their normalised path; the first that matches decides. */
export interface InAppText {
  readonly path: string
  readonly isInApp: boolean
}

/** What those who run the collector say about grouping, ready for use. The first rule that matches decides. */
export interface FingerprintRules {
  readonly rules: readonly FingerprintRule[]
  readonly inApp: readonly { readonly path: Glob; readonly isInApp: boolean }[]
}

/** A rule ready for use. */
export interface FingerprintRule {
  readonly match: readonly { readonly field: string; readonly glob: Glob }[]
  readonly fingerprint: readonly string[]
  /** As it is shown in `why`. */
  readonly text: string
}

/** Nothing said. */
export const NO_RULES: FingerprintRules = { rules: [], inApp: [] }

/** Makes rules ready for use. */
export function compileRules(
  rules: readonly RuleText[],
  inApp: readonly InAppText[],
): FingerprintRules {
  return {
    rules: rules.map(({ match, fingerprint }) => ({
      match: Object.entries(match).map(([field, glob]) => ({ field, glob: compileGlob(glob) })),
      fingerprint,
      text: Object.entries(match)
        .map(([field, glob]) => `${field}:${glob}`)
        .join(' '),
    })),
    inApp: inApp.map(({ path, isInApp }) => ({ path: compileGlob(path), isInApp })),
  }
}

/** An error as rules see it. */
export type Grouped = Pick<Fingerprint, 'hash' | 'class' | 'code' | 'message' | 'exceptions'>

/** The first rule that matches, null when none does. */
export function findRule(
  { rules }: FingerprintRules,
  report: ErrorReport,
  grouped: Grouped,
): FingerprintRule | null {
  for (const rule of rules) {
    if (rule.match.every(({ field, glob }) => matches(field, glob, report, grouped))) return rule
  }
  return null
}

/** A fingerprint's parts with what stands in double braces put in. */
export function fillIn(
  parts: readonly string[],
  report: ErrorReport,
  grouped: Grouped,
): readonly string[] {
  return parts.map((part) => {
    if (!part.startsWith('{{') || !part.endsWith('}}')) return part
    const name = part.slice(2, -2).trim()
    return name === 'default' ? grouped.hash : (valuesOf(name, report, grouped)[0] ?? '')
  })
}

/** The parts of what an application asks for: texts, and whatever stands in double braces between them. */
export function splitExplicit(explicit: string): readonly string[] {
  const parts: string[] = []
  let at = 0
  while (at < explicit.length) {
    const open = explicit.indexOf('{{', at)
    const close = open === -1 ? -1 : explicit.indexOf('}}', open)
    if (close === -1) break
    const before = explicit.slice(at, open).trim()
    if (before !== '') parts.push(before)
    parts.push(explicit.slice(open, close + 2))
    at = close + 2
  }
  const rest = explicit.slice(at).trim()
  if (rest !== '' || parts.length === 0) parts.push(rest)
  return parts
}

function matches(field: string, glob: Glob, report: ErrorReport, grouped: Grouped): boolean {
  return valuesOf(field, report, grouped).some((value) => glob(value))
}

function valuesOf(field: string, report: ErrorReport, grouped: Grouped): readonly string[] {
  switch (field) {
    case 'class':
      return [grouped.class]
    case 'message':
      return [(report.message || report.template).slice(0, MOST_MESSAGE), grouped.message]
    case 'service':
    case 'module':
    case 'operation':
      return [report[field]]
    case 'code':
      return grouped.code === null ? [] : [grouped.code]
    case 'path':
    case 'function':
      return grouped.exceptions.flatMap(({ frames }) =>
        frames.flatMap((frame) => frame[field] ?? []),
      )
    default: {
      const value = field.startsWith(ATTRIBUTE) ? report.attribute(field.slice(10)) : null
      return value === null ? [] : [value]
    }
  }
}

/** Before the name of an attribute. */
export const ATTRIBUTE = 'attribute.'
const MOST_MESSAGE = 8_192
