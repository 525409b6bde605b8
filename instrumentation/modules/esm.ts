import Module from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Application } from '../process/application'
import { type ModulePatch, patchExports, PatchTable } from './hook'
import { type Place, readManifest } from './place'

/**
 * Has real ES modules of libraries changed, which never pass by the hook of CommonJS files. Their sources get one line
 * more, at the end, so that lines and columns stay as they are: it hands the module's namespace to us, and the values of
 * the functions a patch replaces back to the module. A library of the application that has such files is looked
 * for first: without one, Node is left alone.
 */
export function hookEsModules(patches: readonly ModulePatch[], application: Application): void {
  const concerned = patches.filter(({ esm }) => esm !== undefined)
  const packages = new Set(concerned.map((patch) => patch.package))
  const installed = [...packages].filter((name) => hasEsModules(name, application.folder))
  if (installed.length === 0) return
  const table = new PatchTable(concerned.filter((patch) => installed.includes(patch.package)))
  const hooks = Module as unknown as Hooks
  if (hasSoundHooks(process.versions.node) && hooks.registerHooks !== undefined) {
    receiveNamespaces(table)
    hooks.registerHooks({ load: (url, context, next) => extend(next(url, context), url, table) })
  } else if (application.isEsModule) {
    // Its thread takes tens of milliseconds to start, so only an application that will use it has one.
    receiveNamespaces(table)
    const lines = new Map(
      installed.map((name) => [
        name,
        lineOf(concerned.filter((patch) => patch.package === name).flatMap(({ esm = [] }) => esm)),
      ]),
    )
    hooks.register?.(`data:text/javascript,${encodeURIComponent(loaderSource(lines))}`)
  }
}

interface Hooks {
  /** Synchronous hooks on the same thread; there since Node 22.15. */
  readonly registerHooks?: (hooks: { load: LoadHook }) => void
  /** Hooks on a thread of their own; a deprecated way since Node 26. */
  readonly register?: (specifier: string) => void
}

type LoadHook = (url: string, context: unknown, next: NextLoad) => LoadedSource
type NextLoad = (url: string, context: unknown) => LoadedSource
interface LoadedSource {
  readonly format?: string | null
  readonly source?: string | ArrayBuffer | NodeJS.TypedArray | null
}

/**
 * Whether synchronous hooks may be combined with asynchronous ones of somebody else: before these versions Node failed to
 * load CommonJS then (nodejs/node#59929).
 */
export function hasSoundHooks(node: string): boolean {
  const [major = 0, minor = 0, patch = 0] = node.split('.').map(Number)
  const since = SOUND_SINCE[major]
  if (since === undefined) return major >= 25
  return minor > since[0] || (minor === since[0] && patch >= since[1])
}

const SOUND_SINCE: Readonly<Record<number, readonly [number, number]>> = {
  22: [22, 3],
  24: [11, 1],
  25: [1, 0],
}

/** Whether a package is installed for the application and has real ES modules, going by its package.json. */
function hasEsModules(name: string, folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    const manifest = readManifest(join(at, 'node_modules', name))
    if (manifest !== undefined) {
      return manifest.type === 'module' || (JSON.stringify(manifest.exports) ?? '').includes('.mjs')
    }
    if (dirname(at) === at) return false
  }
}

function extend(loaded: LoadedSource, url: string, table: PatchTable): LoadedSource {
  const { format, source } = loaded
  if (format !== 'module' || source === null || source === undefined) return loaded
  const names = patchesOf(url, table)?.patches.flatMap(({ esm = [] }) => esm)
  if (names === undefined) return loaded
  const text = typeof source === 'string' ? source : new TextDecoder().decode(source)
  if (text.includes(SELF)) return loaded
  return { ...loaded, source: text + lineOf(names).replaceAll(URL_HERE, JSON.stringify(url)) }
}

function patchesOf(
  url: string,
  table: PatchTable,
): { readonly place: Place; readonly patches: ModulePatch[] } | undefined {
  if (!url.startsWith('file:')) return undefined
  const place = table.placeOf(fileURLToPath(url))
  const patches = place === undefined ? [] : table.at(place)
  return place === undefined || patches.length === 0 ? undefined : { place, patches }
}

/** The source added to a module. A name that it does not declare, or that is constant, stays as it is. */
function lineOf(names: readonly string[]): string {
  const changes = names.map((name) => `try{if("${name}"in n)${name}=n.${name}}catch{}`).join('')
  return (
    `\n;import*as ${SELF} from ${URL_HERE};` +
    `{const n=globalThis[Symbol.for("${RECEIVER}")]?.(${URL_HERE},${SELF})??{};${changes}}`
  )
}

/** The name of a module's own namespace in it; a source that has it was extended before. */
const SELF = 'sidelight$self'
const URL_HERE = '"sidelight:url"'
const RECEIVER = 'sidelight.esm'

/** Where the added lines call: patches the module, and answers with the exports that were replaced. */
function receiveNamespaces(table: PatchTable): void {
  const receive = (url: string, namespace: Namespace): Namespace => {
    const found = patchesOf(url, table)
    if (found === undefined) return {}
    const exports = copyOf(namespace)
    const before = { ...exports }
    patchExports(exports, found.place, found.patches)
    return Object.fromEntries(
      Object.entries(exports).filter(([name, value]) => value !== before[name]),
    )
  }
  Object.defineProperty(globalThis, Symbol.for(RECEIVER), { value: receive, configurable: true })
}

type Namespace = Record<string, unknown>

/** What is there already: in a circle of modules, some of it may not be. */
function copyOf(namespace: Namespace): Namespace {
  const copy: Namespace = {}
  for (const name of Reflect.ownKeys(namespace)) {
    if (typeof name !== 'string') continue
    try {
      copy[name] = namespace[name]
    } catch {
      continue
    }
  }
  return copy
}

/**
 * The module of the hooks on another thread, in JavaScript, where nothing of ours is loaded: knows the files by the names
 * of their packages only, so more of them call `receiveNamespaces`.
 */
function loaderSource(lines: ReadonlyMap<string, string>): string {
  return `
const lines = new Map(${JSON.stringify([...lines])})
export async function load(url, context, next) {
  const loaded = await next(url, context)
  const path = url.slice(url.lastIndexOf('/node_modules/') + '/node_modules/'.length)
  const line = lines.get(path.split('/', path.startsWith('@') ? 2 : 1).join('/'))
  if (line === undefined || loaded.format !== 'module' || loaded.source == null) return loaded
  const text = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source)
  if (text.includes('${SELF}')) return loaded
  return { ...loaded, source: text + line.replaceAll('${URL_HERE}', JSON.stringify(url)) }
}`
}
