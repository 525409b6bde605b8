import * as ownApi from '@opentelemetry/api'
import { findPackage } from './application'

/** `@opentelemetry/api`, one copy of it. */
export type Api = typeof ownApi

/**
 * The copy through which the SDK must be registered: the application's if it is newer than ours, else ours. All copies
 * of one major version share one global, but a copy ignores what an older one registered, silently: the
 * application's own calls would do nothing.
 */
export function chooseApi(applicationFolder: string): Api {
  const own = findPackage('@opentelemetry/api', __dirname)
  const theirs = findPackage('@opentelemetry/api', applicationFolder)
  if (theirs === undefined || theirs.path === own?.path) return ownApi
  return isNewerMinor(theirs.version, own?.version) ? (require(theirs.path) as Api) : ownApi
}

/** Whether both are of the same major version and the first is the later one. */
export function isNewerMinor(version: string | undefined, than: string | undefined): boolean {
  const [major, minor, patch] = numbersOf(version)
  const [thanMajor, thanMinor, thanPatch] = numbersOf(than)
  if (major !== thanMajor) return false
  return minor === thanMinor ? patch > thanPatch : minor > thanMinor
}

function numbersOf(version: string | undefined): [number, number, number] {
  const [, major = '0', minor = '0', patch = '0'] = /^(\d+)\.(\d+)\.(\d+)/.exec(version ?? '') ?? []
  return [Number(major), Number(minor), Number(patch)]
}
