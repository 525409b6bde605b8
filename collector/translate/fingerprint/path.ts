import { cutHashes } from './content-hash'
import { cutRoot } from './root'
import { DOT_NET, JAVA } from './stack'

/** Where code of a frame comes from. */
export type Origin = 'file' | 'package' | 'system' | 'none'

/** A place in its normal form. */
export interface Path {
  readonly path: string | null
  readonly origin: Origin
  /** Whether a source map was used: the file is one that nobody runs. */
  readonly isSource: boolean
}

/**
 * Brings the place of a frame into a form that is the same wherever the same file lies, and whichever build it is of: no scheme,
 * query, machine's folders, versions or content hashes. `root` is the folder of the application, null where it is not known.
 */
export function normalisePath(place: string | null, root: string | null): Path {
  if (place === null || place === '' || NOWHERE.some((scheme) => place.startsWith(scheme))) {
    return NONE
  }
  if (place.startsWith(JAVA)) return classPath(place.slice(JAVA.length), JAVA_SYSTEM, JAVA_PACKAGES)
  if (place.startsWith(DOT_NET)) {
    return classPath(place.slice(DOT_NET.length), DOT_NET_SYSTEM, [])
  }
  if (place.startsWith('node:') || place.startsWith('internal/') || place.startsWith('<frozen ')) {
    return { path: place, origin: 'system', isSource: false }
  }
  const file = fileOf(place)
  const isSource = place.startsWith('webpack') || isUnrun(file)
  const packaged = packageOf(file)
  if (packaged !== null) return { path: cutHashes(packaged), origin: 'package', isSource }
  if (isSystem(file)) return { path: file, origin: 'system', isSource }
  // A browser's path is that of a site, whose folders are nobody's home.
  const path = place.startsWith('http') ? file.slice(1) : cutRoot(file, root)
  return { path: cutHashes(path), origin: 'file', isSource }
}

/** Code that no file has. */
const NOWHERE = ['data:', 'wasm:']
const NONE: Path = { path: null, origin: 'none', isSource: false }

/** Without scheme and host, decoded, with forward slashes, without drive, query and fragment. */
function fileOf(place: string): string {
  let file = place
  const scheme = schemeEnd(file)
  if (scheme !== -1) {
    file = cutFrom(cutFrom(file, '?'), '#')
    // After `file://`, and of a bundler's names, what comes before the next slash is a host or a namespace.
    const slash = file.indexOf('/', scheme)
    file = slash === -1 ? file.slice(scheme) : file.slice(slash)
    file = decode(file)
    if (isWebpack(place)) file = file.slice(1)
  } else {
    file = cutFrom(file, '?')
  }
  if (file.includes('\\')) file = file.replaceAll('\\', '/')
  if (file.charCodeAt(1) === 0x3a && file.charCodeAt(2) === 0x2f) file = file.slice(2)
  else if (file.charCodeAt(2) === 0x3a && file.charCodeAt(0) === 0x2f) file = file.slice(3)
  if (file.startsWith('//'))
    file = file.slice(Math.max(1, file.indexOf('/', file.indexOf('/', 2) + 1)))
  while (file.startsWith('./') || file.startsWith('../')) file = file.slice(file.indexOf('/') + 1)
  return file
}

/** Where the text behind `scheme://` begins, -1 without one. */
function schemeEnd(place: string): number {
  const at = place.indexOf('://')
  if (at < 1 || at > 30) return -1
  for (let index = 0; index < at; index++) {
    const code = place.charCodeAt(index)
    const letter = code | 0x20
    if ((letter < 0x61 || letter > 0x7a) && code !== 0x2d && code !== 0x2b && code !== 0x2e)
      return -1
  }
  return at + 3
}

function isWebpack(place: string): boolean {
  return place.startsWith('webpack')
}

function cutFrom(text: string, mark: string): string {
  const at = text.indexOf(mark)
  return at <= 0 ? text : text.slice(0, at)
}

function decode(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURI(text)
  } catch {
    return text
  }
}

const UNRUN = ['.ts', '.tsx', '.mts', '.cts', '.jsx', '.vue', '.svelte', '.coffee']

function isUnrun(file: string): boolean {
  if (file.endsWith('js')) return false
  return UNRUN.some((ending) => file.endsWith(ending))
}

/** Folders behind which a package's name stands, with how many names it has and what ends it. */
const PACKAGE_FOLDERS: readonly [folder: string, style: 'plain' | 'pair' | 'versioned' | 'go'][] = [
  ['/site-packages/', 'plain'],
  ['/dist-packages/', 'plain'],
  ['/pkg/mod/', 'go'],
  ['/gems/', 'versioned'],
  ['/.cargo/registry/src/', 'pair'],
  ['/vendor/', 'pair'],
  ['/bower_components/', 'plain'],
]
const NODE_MODULES = 'node_modules/'

/** Languages whose packages lie in `vendor`; elsewhere it is a folder as any other. */
const VENDORED = ['.php', '.go', '.rb']

/** `pkg:name/path` of a file within a package, however it was installed; null for others. */
function packageOf(file: string): string | null {
  if (file.endsWith('js')) return ofNpm(file)
  const npm = ofNpm(file)
  if (npm !== null) return npm
  for (const [folder, style] of PACKAGE_FOLDERS) {
    const at = file.lastIndexOf(folder)
    if (at === -1) continue
    const rest = file.slice(at + folder.length)
    if (style === 'plain') return `pkg:${cutVersion(rest)}`
    if (style === 'versioned') return `pkg:${cutGemVersion(rest)}`
    if (style === 'go') return `pkg:${cutVersion(rest)}`
    if (folder === '/vendor/') {
      if (!VENDORED.some((ending) => file.endsWith(ending))) continue
      return `pkg:${rest}`
    }
    return `pkg:${cutGemVersion(rest.slice(rest.indexOf('/') + 1))}`
  }
  return null
}

/** Installed by npm, pnpm, Yarn or Bun, in whose caches the last `node_modules` is the package's. */
function ofNpm(file: string): string | null {
  const at = file.lastIndexOf(NODE_MODULES)
  if (at === 0 || (at > 0 && file.charCodeAt(at - 1) === 0x2f)) {
    return `pkg:${cutVersion(file.slice(at + NODE_MODULES.length))}`
  }
  const zip = file.indexOf('.yarn/cache/')
  return zip === -1 ? null : `pkg:${file.slice(zip + 12).split('-npm-', 1)[0] ?? ''}`
}

/** Takes out `@1.2.3` behind a name. */
function cutVersion(path: string): string {
  const at = path.indexOf('@', 1)
  if (at === -1) return path
  const digit = path.charCodeAt(at + 1) === 0x76 ? at + 2 : at + 1
  const code = path.charCodeAt(digit)
  if (code < 0x30 || code > 0x39) return path
  const slash = path.indexOf('/', at)
  return slash === -1 ? path.slice(0, at) : path.slice(0, at) + path.slice(slash)
}

/** `rack-2.2.8/lib/rack.rb`: the version is what begins with a digit behind the last dash. */
function cutGemVersion(path: string): string {
  const slash = path.indexOf('/')
  const dash = path.lastIndexOf('-', slash === -1 ? path.length : slash)
  const code = path.charCodeAt(dash + 1)
  if (dash <= 0 || slash === -1 || code < 0x30 || code > 0x39) return path
  return path.slice(0, dash) + path.slice(slash)
}

function isSystem(file: string): boolean {
  if (file.startsWith('/usr/local/go/src/') || file.startsWith('/usr/lib/go')) return true
  const python = file.indexOf('/lib/python')
  return (
    python !== -1 &&
    (file.startsWith('/usr/') || file.startsWith('/opt/') || file.includes('pyenv'))
  )
}

const JAVA_SYSTEM = [
  'java.',
  'javax.',
  'jdk.',
  'sun.',
  'com.sun.',
  'kotlin.',
  'kotlinx.',
  'scala.',
  'groovy.',
]
const JAVA_PACKAGES = [
  'jakarta.',
  'org.springframework.',
  'org.apache.',
  'org.hibernate.',
  'org.eclipse.',
  'org.postgresql.',
  'com.zaxxer.',
  'com.fasterxml.',
  'com.google.',
  'io.netty.',
  'io.grpc.',
  'io.micrometer.',
  'io.opentelemetry.',
  'reactor.',
  'okhttp3.',
]
const DOT_NET_SYSTEM = ['System', 'Microsoft.', 'Npgsql', 'Grpc.', 'OpenTelemetry']

function classPath(path: string, system: readonly string[], packages: readonly string[]): Path {
  if (system.some((prefix) => path.startsWith(prefix))) {
    return { path, origin: 'system', isSource: false }
  }
  if (packages.some((prefix) => path.startsWith(prefix))) {
    return { path: `pkg:${path}`, origin: 'package', isSource: false }
  }
  return { path, origin: 'file', isSource: false }
}
