import { type RawException, splitChain } from './chain'
import type { ErrorReport, StackException } from './fingerprint'
import { type Contribution, chooseFrames, findBundles, type ReadFrame, readFrame } from './frames'
import { codeOfMessage, isCode, isGeneric, readSentence } from './header'
import { parameterise } from './message'
import { recallFrame } from './memo'
import { findPeer } from './peer'
import type { FingerprintRules } from './rules'
import type { RawFrame } from './stack'

/** An exception with what its part in a fingerprint is decided by. */
export interface ReadException {
  readonly class: string
  /** The first line of the stack names it; empty where there is none. It is what every sender of a throw has alike. */
  readonly headerClass: string
  readonly code: string | null
  readonly message: string
  /** With what varies replaced. */
  readonly normalised: string
  /** Whom the call that failed went to, of those with a code and no frames. */
  readonly peer: string | null
  readonly frames: readonly ReadFrame[]
  readonly contribution: Contribution
  readonly members: readonly (readonly ReadException[])[]
}

/** Reads the exceptions of a report, from the outermost to its root cause. */
export function readExceptions(report: ErrorReport, rules: FingerprintRules): ReadException[] {
  const raw =
    report.kind === 'log' ? sniffed(report.template) : splitChain(report.stack, report.message)
  return readChain(raw, report, rules, true)
}

/** An exception as it is kept for people. */
export function toStackException(read: ReadException): StackException {
  const { class: name, code, message, frames, members } = read
  const exception = { class: name, code, message, frames: frames.map(({ frame }) => frame) }
  if (members.length === 0) return exception
  return { ...exception, members: members.flatMap((chain) => chain.map(toStackException)) }
}

/** Deeper stacks are of recursions. */
const MOST_FRAMES = 250
/** Aggregates in aggregates beyond are left out. */
const DEEPEST = 4

function readChain(
  raw: RawException,
  report: ErrorReport,
  rules: FingerprintRules,
  isReported: boolean,
  depth = 0,
): ReadException[] {
  const raws: RawException[] = []
  for (let next: RawException | null = raw; next !== null; next = next.cause) raws.push(next)
  if (raws.length > 1) expandElided(raws)
  return raws.map((one, index) => {
    const named = isReported && index === 0 ? report : null
    const peer = index === raws.length - 1 ? report.peer : null
    return readException(one, raws.length === 1 ? named : withoutMessage(named), {
      report,
      rules,
      peer,
      depth,
    })
  })
}

/** What the sender says of the exception as such; its message is no more than that of the chain where there is one. */
type Named = Pick<ErrorReport, 'type' | 'code' | 'message'>

function withoutMessage(named: Named | null): Named | null {
  return named === null ? null : { type: named.type, code: named.code, message: '' }
}

interface Surroundings {
  readonly report: ErrorReport
  readonly rules: FingerprintRules
  readonly peer: string | null
  readonly depth: number
}

function readException(raw: RawException, named: Named | null, around: Surroundings) {
  const { report, rules, peer, depth } = around
  const message = named !== null && named.message !== '' ? named.message : raw.message
  const frames: ReadFrame[] = []
  const bundles = findBundles(raw.frames)
  for (const frame of raw.frames) {
    if (frame.elided > 0) continue
    if (frames.length === MOST_FRAMES) break
    frames.push(
      bundles.size === 0
        ? recallFrame(frame, report.root, rules)
        : readFrame(frame, report.root, rules, bundles),
    )
  }
  const contribution = chooseFrames(frames)
  const { name, code } = nameOf(raw, named, message)
  const members =
    depth < DEEPEST
      ? raw.members.map((member) => readChain(member, report, rules, false, depth + 1))
      : []
  return {
    class: name,
    headerClass: raw.class ?? '',
    code,
    message,
    normalised: parameterise(message),
    peer: contribution.kept.length === 0 ? findPeer(code, message, peer) : null,
    frames,
    contribution,
    members,
  }
}

/**
 * Class and code. SDKs send `error.code` as the type where there is one, else `error.name`; loggers the name of the constructor.
 * The first line of the stack has the name of when the error was made, `Error` where a class sets its name later. So with a
 * code that line names the class, for the type does not on every path; without one a telling type counts for more than a
 * generic name.
 */
function nameOf(raw: RawException, named: Named | null, message: string) {
  const type = named?.type ?? ''
  const isTypeCode = type !== raw.class && isCode(type)
  const told = raw.code ?? named?.code ?? (isTypeCode ? type : null)
  const code = told !== null && isOfDom(told, raw.class) ? null : told
  const given = isTypeCode || type === '' ? null : type
  if (raw.class === null) {
    const sentence = type === '' ? readSentence(message) : null
    if (sentence !== null) return { name: sentence.class, code: code ?? sentence.code }
    return { name: given ?? 'Error', code: code ?? codeOfMessage(message) }
  }
  const isTelling = told === null && given !== null && isGeneric(raw.class)
  const name = isTelling ? given : raw.class
  return { name, code: code ?? (isGeneric(raw.class) ? codeOfMessage(message) : null) }
}

/** Names of DOMException, whose number says the same again, and only where the object itself was at hand. */
const DOM_NAMES: ReadonlySet<string> = new Set([
  'AbortError',
  'DataCloneError',
  'InvalidStateError',
  'NotSupportedError',
  'QuotaExceededError',
  'TimeoutError',
])

function isOfDom(code: string, name: string | null): boolean {
  return name !== null && code.length < 3 && DOM_NAMES.has(name)
}

/**
 * Puts back the frames that a stack leaves out because another of the chain has them: at the end of a cause those of what it
 * caused (Java), within an exception those of its cause (`util.inspect`).
 */
function expandElided(raws: readonly RawException[]): void {
  for (let index = 1; index < raws.length; index++) {
    const outer = raws[index - 1]!.frames
    const { frames } = raws[index]!
    const last = frames[frames.length - 1]
    if (last === undefined || !last.text.endsWith(' more')) continue
    frames.splice(frames.length - 1, 1, ...outer.slice(Math.max(0, outer.length - last.elided)))
  }
  for (let index = raws.length - 2; index >= 0; index--) {
    const raw = raws[index]!
    const at = raw.frames.findIndex(({ text }) => text.endsWith(' matching cause stack trace ...'))
    if (at > 0) raw.frames = filledIn(raw.frames, at, raws[index + 1]!.frames)
  }
}

function filledIn(frames: readonly RawFrame[], at: number, cause: readonly RawFrame[]): RawFrame[] {
  const before = frames[at - 1]!.text
  const from = cause.findIndex(({ text }) => text === before) + 1
  const missing = from === 0 ? [] : cause.slice(from, from + frames[at]!.elided)
  return [...frames.slice(0, at), ...missing, ...frames.slice(at + 1)]
}

/** The body of a log record, of which only a stack makes an exception: `cannot save: TypeError: x` before its frames. */
function sniffed(body: string): RawException {
  const raw = splitChain(body, '')
  if (raw.class !== null || raw.frames.length === 0) return raw
  const colon = Math.max(raw.message.lastIndexOf('Error: '), raw.message.lastIndexOf('Exception: '))
  if (colon === -1) return raw
  const end = raw.message.indexOf(': ', colon)
  const start = raw.message.lastIndexOf(' ', end) + 1
  raw.class = raw.message.slice(start, end)
  raw.message = raw.message.slice(end + 2)
  return raw
}
