import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads'

/** What is known of the program being run, from the nearest package.json above its entry file. */
export interface Application {
  /** The folder its own packages are resolved from. */
  readonly folder: string
  /** The folder of its package.json, or `folder` without one. */
  readonly root: string
  readonly name: string | undefined
  readonly version: string | undefined
  /** Names of the packages it depends on directly. */
  readonly dependencies: ReadonlySet<string>
  /** Whether its entry file is an ES module. */
  readonly isEsModule: boolean
}

/** Finds the application by its entry file (see `entryFile`), or by the working directory when there is none. */
export function findApplication(entry: string | undefined, workingDirectory: string): Application {
  // A tool out of node_modules (next, ts-node) runs an application; it is not the application.
  const isOwnFile = entry !== undefined && !/[\\/]node_modules[\\/]/.test(entry)
  const folder = isOwnFile ? dirname(entry) : workingDirectory
  const manifest = nearestManifest(folder)
  return {
    folder,
    root: manifest === undefined ? folder : dirname(manifest.path),
    name: textOf(manifest?.content.name),
    version: textOf(manifest?.content.version),
    dependencies: new Set(Object.keys(recordOf(manifest?.content.dependencies))),
    isEsModule: isEsModule(isOwnFile ? entry : '', folder),
  }
}

function isEsModule(entry: string, folder: string): boolean {
  if (/\.[cm][jt]s$/.test(entry)) return /\.m[jt]s$/.test(entry)
  for (let at = folder; ; at = dirname(at)) {
    const manifest = readManifest(join(at, 'package.json'))
    if (manifest !== undefined) return manifest.type === 'module'
    if (dirname(at) === at) return false
  }
}

/**
 * The entry file of the program, on a worker thread too, where a preload cannot see it otherwise: the main thread leaves
 * it for the threads it starts.
 */
export function entryFile(): string | undefined {
  if (!isMainThread) {
    const left: unknown = getEnvironmentData(ENTRY)
    return typeof left === 'string' ? left : undefined
  }
  const entry = process.argv[1]
  if (entry !== undefined) setEnvironmentData(ENTRY, entry)
  return entry
}

const ENTRY = 'sidelight.entry'

/** The version of the package as resolved from a folder, and what `require` would load; undefined when it is not there. */
export function findPackage(
  name: string,
  folder: string,
): { readonly path: string; readonly version: string | undefined } | undefined {
  try {
    const path = createRequire(join(folder, 'package.json')).resolve(name)
    return { path, version: textOf(nearestManifest(dirname(path), name)?.content.version) }
  } catch {
    return undefined
  }
}

/** Put in place of the name when the bootstrap is bundled. */
declare const SIDELIGHT_VERSION: string

/** The version of this package; the bundle knows it wherever it is mounted. */
export function ownVersion(): string | undefined {
  if (typeof SIDELIGHT_VERSION === 'string') return SIDELIGHT_VERSION
  return textOf(nearestManifest(__dirname, 'sidelight')?.content.version)
}

interface Manifest {
  readonly path: string
  readonly content: Record<string, unknown>
}

/** The nearest package.json that has a name (or the given one): builds put nameless ones beside their output. */
function nearestManifest(folder: string, name?: string): Manifest | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, 'package.json')
    const content = readManifest(path)
    const found = textOf(content?.name)
    if (content !== undefined && found !== undefined && (name ?? found) === found) {
      return { path, content }
    }
    if (dirname(at) === at || basename(at) === 'node_modules') return undefined
  }
}

function readManifest(path: string): Record<string, unknown> | undefined {
  try {
    return recordOf(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return undefined
  }
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
