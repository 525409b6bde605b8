import type { StackFrame } from './fingerprint'
import { normalisePath, type Origin } from './path'
import type { FingerprintRules } from './rules'
import type { RawFrame } from './stack'

/** A frame with what its part in a fingerprint is decided by. */
export interface ReadFrame {
  readonly frame: StackFrame
  readonly origin: Origin
  /** Of the machinery between the frames that matter, which differs as runtimes do. */
  readonly isNoise: boolean
  /** Of code with short names in long lines. */
  readonly isMinified: boolean
  /** As it goes into a key. */
  readonly key: string
}

/** Brings a frame into its normal form. */
export function readFrame(
  raw: RawFrame,
  root: string | null,
  rules: FingerprintRules,
  bundles: ReadonlySet<string>,
): ReadFrame {
  const { path, origin, isSource } = normalisePath(raw.place, root)
  const { line, column } = raw
  const isMinified = !isSource && origin === 'file' && bundles.has(raw.place ?? '')
  const name = normaliseFunction(raw.function, isMinified || isScript(path))
  let isInApp = origin === 'file'
  if (path !== null && rules.inApp.length > 0) {
    const rule = rules.inApp.find((said) => said.path(path))
    if (rule !== undefined) isInApp = rule.isInApp
  }
  const isNoise = isMachinery(name, path, origin)
  return {
    frame: { path, function: name, line, column, isInApp: isInApp && !isNoise },
    origin,
    isNoise,
    isMinified,
    key: `${path ?? ''}\n${name ?? ''}`,
  }
}

/** Columns from this on are in lines nobody wrote by hand. */
const LONG_COLUMN = 300
const NO_BUNDLES: ReadonlySet<string> = new Set()

/** The places of a stack that a minifier made: by their names, or by one of their frames far out in a line. */
export function findBundles(frames: readonly RawFrame[]): ReadonlySet<string> {
  let bundles: Set<string> | null = null
  for (const { place, column } of frames) {
    if (place === null) continue
    const isBundle = (column ?? 0) >= LONG_COLUMN || place.includes('.min.')
    if (isBundle) bundles = (bundles ?? new Set<string>()).add(place)
  }
  return bundles ?? NO_BUNDLES
}

/**
 * Of JavaScript, where a short name may be a minifier's even in a source file: Node finds the name of a function by the frame
 * that called it, which the first frame before an `await` does not have.
 */
function isScript(path: string | null): boolean {
  if (path === null) return false
  const dot = path.lastIndexOf('.')
  return SCRIPTS.has(path.slice(dot + 1))
}

const SCRIPTS: ReadonlySet<string> = new Set([
  'js',
  'mjs',
  'cjs',
  'jsx',
  'ts',
  'mts',
  'cts',
  'tsx',
  'vue',
  'svelte',
])

const OWNERS = [
  'Object.',
  'Module.',
  'Function.',
  'exports.',
  'global.',
  'globalThis.',
  'module.exports.',
]

/**
 * A function's name without what V8 writes about the call: receiver, alias, `async`. Null for anonymous ones, and for the
 * names a minifier gives, which the next build gives to others.
 */
export function normaliseFunction(raw: string | null, mayBeMinified: boolean): string | null {
  if (raw === null || raw === '') return null
  let name = raw
  const alias = name.lastIndexOf(' [as ')
  if (alias > 0 && name.endsWith(']')) name = name.slice(0, alias)
  if (name.startsWith('async ')) name = name.slice(6)
  if (OWNER_BEGINS.includes(name[0]!)) {
    for (const owner of OWNERS) if (name.startsWith(owner)) name = name.slice(owner.length)
  }
  if (name === '' || name === '?' || name.endsWith('<anonymous>') || name === 'anonymous') {
    return null
  }
  if (isDigits(name)) return null
  return mayBeMinified && isShort(name) ? null : name
}

/** What one of them begins with; most names do not. */
const OWNER_BEGINS = 'OMFegm'

function isDigits(name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at)
    if (code < 0x30 || code > 0x39) return false
  }
  return true
}

/** Whether no part of the name has more than two characters: `e`, `t.n`, `new a`. */
function isShort(name: string): boolean {
  let length = 0
  for (let at = name.startsWith('new ') ? 4 : 0; at < name.length; at++) {
    if (name.charCodeAt(at) === 0x2e) length = 0
    else if (++length > 2) return false
  }
  return true
}

const MACHINERY: ReadonlySet<string> = new Set([
  'runMicrotasks',
  'queueMicrotask',
  'processTicksAndRejections',
  'process.processTicksAndRejections',
  'runNextTicks',
  'process.runNextTicks',
  'nextTick',
  'listOnTimeout',
  'processTimers',
  'process.processTimers',
  'processImmediate',
  'process.processImmediate',
  'Promise.all',
  'Promise.any',
  'Promise.allSettled',
  'Promise.race',
  '_callSuper',
  '__awaiter',
  '__generator',
  '_asyncToGenerator',
  'asyncGeneratorStep',
  'AsyncLocalStorage.run',
  'AsyncResource.runInAsyncScope',
])
/** Packages whose code is in stacks because of how an application was built or is watched. */
const MACHINERY_PACKAGES = [
  'pkg:tslib/',
  'pkg:@babel/',
  'pkg:core-js/',
  'pkg:regenerator-runtime/',
  'pkg:@opentelemetry/',
  'pkg:@fastify/otel/',
  'pkg:sidelight/',
  'pkg:newrelic/',
  'pkg:tsx/',
  'pkg:ts-node/',
  'pkg:source-map-support/',
  'pkg:io.opentelemetry.',
  'pkg:opentelemetry/',
]

function isMachinery(name: string | null, path: string | null, origin: Origin): boolean {
  if (origin === 'file') return false
  if (name !== null && MACHINERY.has(name)) return true
  if (origin === 'package') {
    return MACHINERY_PACKAGES.some((prefix) => path!.startsWith(prefix))
  }
  if (origin === 'none') return name === null
  return (
    path!.startsWith('node:internal/modules/') ||
    path!.startsWith('node:internal/main/') ||
    path!.startsWith('node:internal/process/') ||
    path!.startsWith('node:internal/timers') ||
    path!.startsWith('node:diagnostics_channel') ||
    path!.startsWith('node:async_hooks') ||
    path!.startsWith('node:internal/async_local_storage') ||
    path!.startsWith('internal/') ||
    path!.startsWith('<frozen importlib')
  )
}

const NEAREST_OWN = 20
const NEAREST_PACKAGED = 5
const LONGEST_CYCLE = 4

/** What of a stack goes into a key. */
export interface Contribution {
  /** Indexes of frames, the nearest first, without repeats. */
  readonly kept: readonly number[]
  /** For each frame why it is not in it; empty for those that are. */
  readonly hints: readonly string[]
}

/**
 * The frames that say which fault it is: the nearest 20 of the application, without those of machinery and of recursion; where
 * the application has none, the nearest 5 of packages; else none.
 */
export function chooseFrames(frames: readonly ReadFrame[]): Contribution {
  const hasOwn = frames.some(({ frame }) => frame.isInApp)
  const nearest = hasOwn ? NEAREST_OWN : NEAREST_PACKAGED
  const hints: string[] = []
  const kept: number[] = []
  for (const [index, read] of frames.entries()) {
    const isPackaged = read.origin === 'package' && !read.isNoise
    const isWanted = hasOwn ? read.frame.isInApp : isPackaged
    hints.push(isWanted ? '' : hintOf(read))
    if (!isWanted) continue
    kept.push(index)
    collapseRepeat(frames, kept, hints)
  }
  for (const index of kept.splice(nearest)) hints[index] = `further than the nearest ${nearest}`
  return { kept, hints }
}

function hintOf({ isNoise, origin }: ReadFrame): string {
  if (isNoise) return 'machinery of the runtime'
  if (origin === 'package') return 'of a package'
  if (origin === 'file') return 'not of the application, as configured'
  return origin === 'system' ? 'of the runtime' : 'without a file'
}

/** Leaves out 1 to 4 frames that repeat those before them, so that a recursion is the same however deep it was. */
function collapseRepeat(frames: readonly ReadFrame[], kept: number[], hints: string[]): void {
  for (let length = 1; length <= LONGEST_CYCLE; length++) {
    if (!endsInCycle(frames, kept, length)) continue
    for (const index of kept.splice(kept.length - length)) hints[index] = 'repeats those before it'
    return
  }
}

function endsInCycle(frames: readonly ReadFrame[], kept: readonly number[], length: number) {
  const last = kept.length - 1
  if (kept.length < 2 * length) return false
  for (let offset = 0; offset < length; offset++) {
    const one = frames[kept[last - offset]!]!
    if (one.key !== frames[kept[last - length - offset]!]!.key) return false
  }
  return true
}
