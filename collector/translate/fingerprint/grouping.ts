import { readExceptions, type ReadException } from './exceptions'
import type { ErrorReport, Fingerprint, FingerprintPart, StackFrame } from './fingerprint'
import { hashParts } from './hash'
import { firstLines, parameterise } from './message'
import type { FingerprintRules } from './rules'

/** What a report says by itself, before anybody asks for another group. */
export interface Grouping extends Pick<
  Fingerprint,
  'hash' | 'class' | 'code' | 'message' | 'culprit' | 'alone'
> {
  /** Most errors are known by their hash, and nobody asks for these. */
  readonly why: () => readonly FingerprintPart[]
  readonly similar: () => readonly string[]
  readonly exceptions: readonly ReadException[]
}

/** Of exceptions: the whole chain, the root cause last. */
export function fromExceptions(report: ErrorReport, rules: FingerprintRules): Grouping {
  return groupExceptions(report, readExceptions(report, rules))
}

/** Of a log record without an exception: its template; null when its text holds a stack, which makes it an exception. */
export function fromLog(report: ErrorReport, rules: FingerprintRules): Grouping | null {
  if (mayHoldStack(report.template)) {
    const exceptions = readExceptions(report, rules)
    if (exceptions.some(({ frames }) => frames.length > 0))
      return groupExceptions(report, exceptions)
  }
  const message = parameterise(report.template)
  const severity = severityOf(report.severity)
  return groupParts(report, 'log', severity, message, [
    used('severity', severity),
    { ...used('template', message), hint: message === report.template ? '' : VARIES },
    used('logger', report.module),
  ])
}

/** Of a span that failed without an exception: what failed, and how. */
export function fromSpan(report: ErrorReport): Grouping {
  const { failure } = report
  const parts = failure.map((value) => used('failure', value))
  const name = failure[failure.length - 1] || 'failed'
  return groupParts(report, 'span', name, parameterise(report.message), parts)
}

const VARIES = 'what varies is replaced by its kind'

function mayHoldStack(text: string): boolean {
  const at = text.indexOf('\n')
  return (
    at !== -1 && (text.includes('at ', at) || text.includes('Traceback (') || text.includes(':in '))
  )
}

/** The floors of OpenTelemetry's ranges by name. */
function severityOf(severity: number): string {
  if (severity >= 21) return 'fatal'
  if (severity >= 17) return 'error'
  if (severity >= 13) return 'warning'
  return severity >= 9 ? 'info' : 'debug'
}

function groupParts(
  report: ErrorReport,
  kind: string,
  name: string,
  message: string,
  why: readonly FingerprintPart[],
): Grouping {
  const hash = hashParts([...scopeOf(report), kind, ...why.map(({ value }) => value)])
  const culprit = report.operation || report.module
  const code = report.code
  return {
    hash,
    class: name,
    code,
    message,
    culprit,
    why: () => why,
    similar: none,
    alone: [],
    exceptions: [],
  }
}

function groupExceptions(report: ErrorReport, exceptions: readonly ReadException[]): Grouping {
  const scope = scopeOf(report)
  const parts = [...scope, 'exception', ...partsOf(scope, exceptions, null)]
  const outermost = exceptions[0]!
  const root = exceptions[exceptions.length - 1]!
  return {
    hash: hashParts(parts),
    class: outermost.class,
    code: outermost.code ?? root.code,
    message: outermost.normalised,
    culprit: culpritOf(exceptions) ?? (report.operation || report.module),
    why() {
      const why: FingerprintPart[] = []
      partsOf(scope, exceptions, why)
      return why
    },
    similar: () => similarTo(scope, root),
    alone: exceptions.map((exception) => hashAlone(scope, exception)),
    exceptions,
  }
}

function none(): readonly string[] {
  return []
}

function scopeOf({ tenant, namespace, service }: ErrorReport): string[] {
  return ['fp/1', tenant, namespace, service]
}

function used(kind: string, value: string): FingerprintPart {
  return { kind, value, isUsed: true, hint: '', exception: 0 }
}

/** The parts of a chain, and, into `why` if that is asked for, what became of each. */
function partsOf(
  scope: readonly string[],
  exceptions: readonly ReadException[],
  why: FingerprintPart[] | null,
): string[] {
  const parts: string[] = []
  for (const [index, exception] of exceptions.entries()) {
    const cause = exceptions[index + 1]
    const writer = new PartWriter(parts, why, index)
    const isWrapper = cause !== undefined && isSameFrames(exception, cause)
    writeClass(writer, exception)
    if (exception.code !== null) writer.add('code', exception.code)
    writeFrames(writer, exception, isWrapper)
    if (!isWrapper) writeMessage(writer, exception)
    const members = exception.members.map((chain) => hashParts(partsOf(scope, chain, null)))
    for (const member of [...new Set(members)].sort()) writer.add('member', member)
  }
  return parts
}

/** Says what goes into a hash and what does not, with the reason. */
class PartWriter {
  readonly #parts: string[]
  readonly #why: FingerprintPart[] | null
  readonly #exception: number

  constructor(parts: string[], why: FingerprintPart[] | null, exception: number) {
    this.#parts = parts
    this.#why = why
    this.#exception = exception
  }

  add(kind: string, value: string, hint = ''): void {
    this.#parts.push(kind, value)
    this.#why?.push({ kind, value, isUsed: true, hint, exception: this.#exception })
  }

  addFrame(key: string, frame: StackFrame, hint: string): void {
    this.#parts.push('frame', key)
    this.#tellFrame(frame, true, hint)
  }

  drop(kind: string, value: string, hint: string): void {
    this.#why?.push({ kind, value, isUsed: false, hint, exception: this.#exception })
  }

  dropFrame(frame: StackFrame, hint: string): void {
    this.#tellFrame(frame, false, hint)
  }

  #tellFrame(frame: StackFrame, isUsed: boolean, hint: string): void {
    const exception = this.#exception
    this.#why?.push({ kind: 'frame', value: showFrame(frame), isUsed, hint, exception })
  }
}

/** The class that every sender of the throw has alike is the one its stack names. */
function writeClass(writer: PartWriter, { class: name, headerClass }: ReadException): void {
  if (headerClass === '' || headerClass === name) writer.add('class', name)
  else writer.add('class', headerClass, `what was sent says ${name}, not every sender does`)
}

const MINIFIED = 'unmapped minified stack: its names are of this build, run with source maps'

function writeFrames(writer: PartWriter, exception: ReadException, isWrapper: boolean): void {
  const { frames, contribution } = exception
  for (const [index, read] of frames.entries()) {
    const hint = contribution.hints[index] ?? ''
    if (hint !== '') writer.dropFrame(read.frame, hint)
    else if (isWrapper) writer.dropFrame(read.frame, 'the same as of its cause')
    else writer.addFrame(read.key, read.frame, read.isMinified ? MINIFIED : '')
  }
}

/** A message counts only where the frames do not say enough: what it says of a case differs from the next. */
function writeMessage(writer: PartWriter, exception: ReadException): void {
  const { normalised, message, peer, contribution } = exception
  if (contribution.kept.length === 0) {
    if (peer !== null) writer.add('peer', peer)
    writer.add('message', normalised, normalised === message ? '' : VARIES)
  } else if (hasNames(exception)) {
    if (normalised !== '') writer.drop('message', normalised, 'the frames say more')
  } else {
    writer.add('message', normalised, 'no frame has the name of a function')
  }
}

function hasNames({ frames, contribution }: ReadException): boolean {
  return contribution.kept.some((index) => frames[index]!.frame.function !== null)
}

function isSameFrames(one: ReadException, other: ReadException): boolean {
  const { kept } = one.contribution
  const others = other.contribution.kept
  if (kept.length === 0 || kept.length !== others.length) return false
  return kept.every((index, at) => one.frames[index]!.key === other.frames[others[at]!]!.key)
}

/**
 * One exception by what every sender of the throw knows of it: the class that its stack names and the frames; without named frames, or
 * a class, the message as it is. Not its code, its peer, nor the class its sender gave, which only some know.
 */
function hashAlone(scope: readonly string[], exception: ReadException): string {
  const parts = [...scope, 'alone', exception.headerClass]
  for (const index of exception.contribution.kept) parts.push(exception.frames[index]!.key)
  if (exception.headerClass === '' || !hasNames(exception)) {
    parts.push('message', firstLines(exception.message).text)
  }
  return hashParts(parts)
}

/** Hashes of less: class and nearest frame, nearest three, all frames however they came there, class and message. */
function similarTo(scope: readonly string[], exception: ReadException): string[] {
  const { frames, contribution } = exception
  const keys = contribution.kept.map((index) => frames[index]!.key)
  const hashOf = (kind: string, values: readonly string[]) =>
    hashParts([...scope, kind, exception.class, ...values])
  const hashes = []
  if (keys.length > 0)
    hashes.push(hashOf('app-1', keys.slice(0, 1)), hashOf('app-3', keys.slice(0, 3)))
  if (frames.length > keys.length)
    hashes.push(
      hashOf(
        'system',
        frames.map(({ key }) => key),
      ),
    )
  if (exception.normalised !== '') hashes.push(hashOf('message', [exception.normalised]))
  return hashes
}

/** The nearest frame of the application, of the root cause before those it caused. */
function culpritOf(exceptions: readonly ReadException[]): string | null {
  for (let index = exceptions.length - 1; index >= 0; index--) {
    const { frames, contribution } = exceptions[index]!
    const nearest = contribution.kept.find((at) => frames[at]!.frame.isInApp)
    if (nearest !== undefined) return showFrame(frames[nearest]!.frame)
  }
  return null
}

function showFrame(frame: StackFrame): string {
  const { path, function: name } = frame
  if (path === null) return name ?? '<anonymous>'
  return name === null ? path : `${name} (${path})`
}
