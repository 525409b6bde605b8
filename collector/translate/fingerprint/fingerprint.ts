import { toStackException } from './exceptions'
import { fromExceptions, fromLog, fromSpan, type Grouping } from './grouping'
import { hashParts } from './hash'
import { fillIn, findRule, type FingerprintRules, splitExplicit } from './rules'

/** A line of a stack, as it goes into a fingerprint. */
export interface StackFrame {
  /** Normalised: without scheme, root, version and content hash; `pkg:name/path` within a package; null where there is none. */
  readonly path: string | null
  /** Normalised; null for anonymous ones. */
  readonly function: string | null
  /** As sent; null where the line says none. */
  readonly line: number | null
  readonly column: number | null
  readonly isInApp: boolean
}

/** An exception of a chain. */
export interface StackException {
  readonly class: string
  readonly code: string | null
  readonly message: string
  readonly frames: readonly StackFrame[]
  /** Errors an AggregateError holds, each with its own causes. */
  readonly members?: readonly StackException[]
}

/** What a fingerprint is taken of. Texts are as sent; empty where nothing was. */
export interface ErrorReport {
  /** `exception`: with a type, message or stack; `log`: a log record without; `span`: a status without. */
  readonly kind: 'exception' | 'log' | 'span'
  /** Of the service: hashes of different ones differ. */
  readonly tenant: string
  readonly namespace: string
  readonly service: string
  readonly module: string
  readonly operation: string
  readonly type: string
  readonly message: string
  readonly stack: string
  /** A code told apart from the type (`ENOENT`, SQLSTATE), null when there is none. */
  readonly code: string | null
  /** Whom a failed call went to (`server.address:port`, a database's or service's name), null when it is not known. */
  readonly peer: string | null
  /** The folder of the application, which the bootstrap sends; null when it is not known. */
  readonly root: string | null
  /** Of a log record: the template its body was formatted from, else its body; its logger or scope. Of a span: empty. */
  readonly template: string
  readonly severity: number
  /** Of a span without an exception: kind, route or method, and the error type or status; else empty. */
  readonly failure: readonly string[]
  /** What the application itself wants it grouped by; null when it does not say. */
  readonly explicit: string | null
  readonly attribute: (name: string) => string | null
}

/** Something a fingerprint was formed from, or was not. */
export interface FingerprintPart {
  /** `rule`, `explicit`, `class`, `code`, `frame`, `peer`, `message`, `template`, `severity`, `logger`, `failure`. */
  readonly kind: string
  readonly value: string
  readonly isUsed: boolean
  /** Why it was left out or changed; empty for what was taken as it is. */
  readonly hint: string
  /** Which exception of the chain it is of, 0 for the outermost. */
  readonly exception: number
}

/** What a fault is a case of, and why. */
export interface Fingerprint {
  readonly algorithm: 'fp/1'
  /** Lower-case uuid of 16 bytes, of the whole and of the innermost exception alone. */
  readonly hash: string
  readonly innermost: string
  readonly class: string
  readonly code: string | null
  /** Normalised: what varies is replaced by its kind in angle brackets. */
  readonly message: string
  /** Where it comes from: the function and path of the nearest frame of the application, else the operation. */
  readonly culprit: string
  readonly why: readonly FingerprintPart[]
  /** Lower-case uuids: hashes of less, equal ones of which hint at the same fault. */
  readonly similar: readonly string[]
  readonly exceptions: readonly StackException[]
  /**
   * Lower-case uuids of each exception of the chain alone, from the outermost on; the last is `innermost`. Where two senders
   * tell of one throw and only one knows its cause, they have one of these in common.
   */
  readonly alone: readonly string[]
}

/**
 * What fault a report is a case of, by the algorithm `fp/1` of ARCHITECTURE.md: of the report and the rules alone, in time linear
 * in their length. Never throws. A rule counts for more than what the application asks for, and that for more than what was
 * read from the exception.
 */
export function fingerprint(report: ErrorReport, rules: FingerprintRules): Fingerprint {
  const grouping = read(report, rules)
  const { exceptions, why, similar, alone, ...told } = grouping
  const grouped = { ...told, exceptions: exceptions.map(toStackException) }
  const asked = askFor(report, rules, grouped)
  return {
    algorithm: 'fp/1',
    ...grouped,
    hash: asked.hash ?? grouped.hash,
    get why() {
      return [...asked.why, ...why()]
    },
    innermost: alone[alone.length - 1] ?? grouped.hash,
    get similar() {
      return asked.hash === null ? similar() : [grouped.hash, ...similar()]
    },
    alone: alone.length === 0 ? [grouped.hash] : alone,
  }
}

function read(report: ErrorReport, rules: FingerprintRules): Grouping {
  if (report.kind === 'span') return fromSpan(report)
  const isLog = report.kind === 'log'
  return (isLog ? fromLog(report, rules) : null) ?? fromExceptions(report, rules)
}

interface Asked {
  readonly hash: string | null
  readonly why: readonly FingerprintPart[]
}

/** What a rule or the application itself wants the report grouped by. */
function askFor(
  report: ErrorReport,
  rules: FingerprintRules,
  grouped: Pick<Fingerprint, 'hash' | 'class' | 'code' | 'message' | 'exceptions'>,
): Asked {
  const rule = findRule(rules, report, grouped)
  const isRuled = rule !== null && rule.fingerprint.length > 0
  const parts = isRuled
    ? rule.fingerprint
    : report.explicit === null || report.explicit === ''
      ? null
      : splitExplicit(report.explicit)
  if (parts === null) return { hash: null, why: [] }
  const values = fillIn(parts, report, grouped)
  const kind = isRuled ? 'rule' : 'explicit'
  const hint = isRuled ? `the rule ${rule.text}` : 'the application asks for it'
  const { tenant, namespace, service } = report
  return {
    // What asks for nothing but what there is already is the same group.
    hash:
      values.length === 1 && values[0] === grouped.hash
        ? grouped.hash
        : hashParts(['fp/1', tenant, namespace, service, 'asked', ...values]),
    why: values.map((value) => ({ kind, value, isUsed: true, hint, exception: 0 })),
  }
}
