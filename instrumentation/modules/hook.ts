import Module from 'node:module'
import { complain } from '../process/complaint'
import { type Place, PlaceFinder, versionIn } from './place'

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
  /**
   * Given where `file` names real ES modules too (`esm.ts`): the functions and classes the file declares and exports that
   * the patch may replace. `exports` is a copy of the namespace then; of what else it has, only the insides can change.
   */
  readonly esm?: readonly string[]
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

/** Patches by what they concern. */
export class PatchTable {
  readonly #byPackage = new Map<string, ModulePatch[]>()
  readonly #finder: PlaceFinder

  constructor(patches: readonly ModulePatch[]) {
    for (const patch of patches) {
      const group = this.#byPackage.get(patch.package)
      if (group === undefined) this.#byPackage.set(patch.package, [patch])
      else group.push(patch)
    }
    this.#finder = new PlaceFinder(this.#byPackage.keys())
  }

  /** Where a file is that belongs to one of the packages. */
  placeOf(filename: string): Place | undefined {
    return this.#finder.find(filename)
  }

  /** The patches of a file. */
  at(place: Place): ModulePatch[] {
    const group = this.#byPackage.get(place.package) ?? []
    return group.filter(({ file }) =>
      typeof file === 'string' ? file === place.file : file.test(place.file),
    )
  }
}

/**
 * Has libraries changed as they are loaded. CommonJS files are compiled by one method of Node's module class, also those
 * that `import` statements ask for, so one hook there sees each of them once, on every version of Node, without a loader.
 * A patch that fails is one line on stderr, and costs only its own library.
 */
export function hookModules(patches: readonly ModulePatch[]): void {
  const table = new PatchTable(patches)
  const prototype = Module.prototype as unknown as { _compile: Compile }
  const compile = prototype._compile
  prototype._compile = function (content, filename, ...rest) {
    const result: unknown = compile.call(this, content, filename, ...rest)
    const place = typeof filename === 'string' ? table.placeOf(filename) : undefined
    const concerned = place === undefined ? [] : table.at(place)
    if (place !== undefined && concerned.length > 0) {
      this.exports = patchExports(this.exports, place, concerned)
    }
    return result
  }
}

type Compile = (
  this: { exports: unknown },
  content: unknown,
  filename: unknown,
  ...rest: unknown[]
) => unknown

/** What a file exports after its patches. */
export function patchExports(
  exports: unknown,
  place: Place,
  patches: readonly ModulePatch[],
): unknown {
  let patched = exports
  for (const { library, load } of patches) {
    try {
      const loaded = { version: versionIn(place.folder), file: place.file }
      patched = load()(patched as never, loaded) ?? patched
    } catch (error) {
      complain(`cannot instrument ${library}`, error)
    }
  }
  return patched
}
