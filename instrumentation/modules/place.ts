import { readFileSync } from 'node:fs'

/** Where a file is: in which package, and there. */
export interface Place {
  /** The name of the package, also where it is installed under another one or linked. */
  readonly package: string
  /** The path inside the package, with slashes. */
  readonly file: string
  /** The folder of the package. */
  readonly folder: string
}

/**
 * Finds files of some packages by their paths: in `node_modules`, as npm, pnpm and Yarn lay them out (in a zip file too),
 * under an alias (`express-4`), or in a folder of its own that npm has linked. Reads a package.json only where
 * a folder's name suggests one of the packages, and each once.
 */
export class PlaceFinder {
  readonly #packages: ReadonlySet<string>
  readonly #baseNames: readonly string[]
  /** The real names of packages by their folders; undefined where it is none of ours. */
  readonly #aliases = new Map<string, string | undefined>()

  constructor(packages: Iterable<string>) {
    this.#packages = new Set(packages)
    this.#baseNames = [...this.#packages].map((name) => name.slice(name.lastIndexOf('/') + 1))
  }

  /** Undefined for a file of none of the packages. */
  find(filename: string): Place | undefined {
    const path = filename.includes('\\') ? filename.replaceAll('\\', '/') : filename
    const at = path.lastIndexOf(NODE_MODULES)
    return at < 0 ? this.#findLinked(path) : this.#findInstalled(path, at + NODE_MODULES.length)
  }

  #findInstalled(path: string, start: number): Place | undefined {
    let end = path.indexOf('/', start)
    if (path[start] === '@' && end >= 0) end = path.indexOf('/', end + 1)
    if (end < 0) return undefined
    const installedAs = path.slice(start, end)
    const folder = path.slice(0, end)
    const name = this.#packages.has(installedAs)
      ? installedAs
      : this.#suggests(installedAs)
        ? this.#nameIn(folder)
        : undefined
    return name === undefined ? undefined : { package: name, file: path.slice(end + 1), folder }
  }

  /** Node knows a linked package by its real path, which is outside of `node_modules`. */
  #findLinked(path: string): Place | undefined {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const segment = path.slice(path.lastIndexOf('/', end - 1) + 1, end)
      if (!this.#baseNames.includes(segment)) continue
      const folder = path.slice(0, end)
      const name = this.#nameIn(folder)
      if (name !== undefined) return { package: name, file: path.slice(end + 1), folder }
    }
    return undefined
  }

  #suggests(installedAs: string): boolean {
    return this.#baseNames.some((name) => installedAs.includes(name))
  }

  #nameIn(folder: string): string | undefined {
    if (this.#aliases.has(folder)) return this.#aliases.get(folder)
    const name = readManifest(folder)?.name
    const known = typeof name === 'string' && this.#packages.has(name) ? name : undefined
    this.#aliases.set(folder, known)
    return known
  }
}

const NODE_MODULES = '/node_modules/'

/** The version of the package in a folder; empty if it cannot be read. */
export function versionIn(folder: string): string {
  const version = readManifest(folder)?.version
  return typeof version === 'string' ? version : ''
}

/** The package.json in a folder; undefined if it cannot be read. */
export function readManifest(folder: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as Manifest
  } catch {
    return undefined
  }
}

export interface Manifest {
  readonly name?: unknown
  readonly version?: unknown
  readonly type?: unknown
  readonly exports?: unknown
}
