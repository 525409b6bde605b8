import type { ModulePatch } from '../modules/hook'
import { findPackage } from './application'

/**
 * Lets every copy of `@opentelemetry/api` in the application reach what is registered. All copies of one major version
 * share one global object, but a copy ignores what an older one registered, silently: the application's own calls would
 * do nothing. So after our copy has registered, the object is given the version of the newest copy there is: the
 * one found from the application's folder, and any newer one loaded later (`NEWER_API`). Everything must be registered
 * before, since a copy registers only where its own version stands.
 */
export function admitNewerApis(applicationFolder: string): void {
  const version = findPackage('@opentelemetry/api', applicationFolder)?.version
  if (version === undefined) return
  // Of one minor version, the application's own patch is best: where it stands, its copy may register a logger.
  const [minor, ownMinor] = [numbersOf(version), numbersOf(shared()?.version)]
  if (minor.join() === ownMinor.join() || isNewerMinor(version, shared()?.version))
    setVersion(version)
}

/** Sees copies that only a dependency has, as they are loaded. */
export const NEWER_API: ModulePatch = {
  library: '@opentelemetry/api',
  package: '@opentelemetry/api',
  file: /^(?:build\/src|dist)\/version\.c?js$/,
  load: () => raiseToLoaded,
}

function raiseToLoaded(_: never, { version }: { readonly version: string }): void {
  if (isNewerMinor(version, shared()?.version)) setVersion(version)
}

function setVersion(version: string): void {
  const api = shared()
  // Unwritable where a copy since 1.10 has made the object.
  if (api !== undefined) Reflect.set(api, 'version', version)
}

function shared(): { version?: string } | undefined {
  return (globalThis as { [SHARED]?: { version?: string } })[SHARED]
}

const SHARED = Symbol.for('opentelemetry.js.api.1')

/**
 * Whether both are of the same major version and the first is of a later minor one: a copy accepts what any patch of
 * its own minor version registered.
 */
export function isNewerMinor(version: string, than: string | undefined): boolean {
  const [major, minor] = numbersOf(version)
  const [thanMajor, thanMinor] = numbersOf(than)
  return major === thanMajor && minor > thanMinor
}

function numbersOf(version: string | undefined): [number, number] {
  // A copy accepts no prerelease but itself, so it is never made the version of all.
  const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)\.\d+$/.exec(version ?? '') ?? []
  return [Number(major), Number(minor)]
}
