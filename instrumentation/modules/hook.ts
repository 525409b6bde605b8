import { readFileSync } from 'node:fs'
import Module from 'node:module'
import { complain } from '../process/complaint'

/** A change to a library, made when the file it concerns has been loaded. */
export interface ModulePatch {
  /** The library, as `OTEL_NODE_ENABLED_INSTRUMENTATIONS` and `OTEL_NODE_DISABLED_INSTRUMENTATIONS` name it. */
  readonly library: string
  /** The npm package. */
  readonly package: string
  /**
   * A file of the package, relative to it and with slashes. An inner one rather than the entry, wherever there is a
   * choice: loaders like tsx hand the entry files that are imported to Node by a way that passes by this hook.
   */
  readonly file: string | RegExp
  /** Loads the code that makes the change; called only when the file is. */
  readonly load: () => PatchExports
}

/** Changes the exports of a file in place, or returns what replaces them. */
// The shape of the exports is the library's; each patch names the part it relies on.
export type PatchExports = (exports: never, module: LoadedModule) => unknown

export interface LoadedModule {
  /** The version of the package, as in `1.2.3`; empty if it cannot be read. */
  readonly version: string
  /** The path of the file inside the package. */
  readonly file: string
}

/**
 * Has libraries changed as they are loaded. CommonJS files are compiled by one method of Node's module class, also those
 * that `import` statements ask for, so one hook there sees each of them once, on every version of Node, without a loader.
 * A patch that fails is one line on stderr, and costs only its own library.
 */
export function hookModules(patches: readonly ModulePatch[]): void {
  const byPackage = groupByPackage(patches)
  const prototype = Module.prototype as unknown as { _compile: Compile }
  const compile = prototype._compile
  prototype._compile = function (content, filename, ...rest) {
    const result: unknown = compile.call(this, content, filename, ...rest)
    const place = placeOf(filename)
    const candidates = place === undefined ? undefined : byPackage.get(place.package)
    if (place !== undefined && candidates !== undefined) patchModule(this, place, candidates)
    return result
  }
}

type Compile = (
  this: { exports: unknown },
  content: unknown,
  filename: string,
  ...rest: unknown[]
) => unknown

function groupByPackage(patches: readonly ModulePatch[]): Map<string, ModulePatch[]> {
  const groups = new Map<string, ModulePatch[]>()
  for (const patch of patches) {
    const group = groups.get(patch.package)
    if (group === undefined) groups.set(patch.package, [patch])
    else group.push(patch)
  }
  return groups
}

interface Place {
  readonly package: string
  readonly file: string
  /** The folder of the package. */
  readonly folder: string
}

/** Where a file is inside the package it belongs to; undefined for files of the application. */
function placeOf(filename: string): Place | undefined {
  const path = filename.includes('\\') ? filename.replaceAll('\\', '/') : filename
  const at = path.lastIndexOf(NODE_MODULES)
  if (at < 0) return undefined
  const start = at + NODE_MODULES.length
  let end = path.indexOf('/', start)
  if (path[start] === '@' && end >= 0) end = path.indexOf('/', end + 1)
  if (end < 0) return undefined
  return {
    package: path.slice(start, end),
    file: path.slice(end + 1),
    folder: path.slice(0, end),
  }
}

const NODE_MODULES = '/node_modules/'

function patchModule(
  module: { exports: unknown },
  place: Place,
  candidates: readonly ModulePatch[],
): void {
  for (const { library, file, load } of candidates) {
    if (typeof file === 'string' ? file !== place.file : !file.test(place.file)) continue
    try {
      const loaded = { version: versionOf(place.folder), file: place.file }
      const replaced = load()(module.exports as never, loaded)
      if (replaced !== undefined) module.exports = replaced
    } catch (error) {
      complain(`cannot instrument ${library}`, error)
    }
  }
}

function versionOf(folder: string): string {
  try {
    const manifest = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as Manifest
    return typeof manifest.version === 'string' ? manifest.version : ''
  } catch {
    return ''
  }
}

interface Manifest {
  readonly version?: unknown
}
