import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The cgroup a process is in: of all controllers in version 2, of the named ones in version 1. */
export interface Membership {
  readonly version: 1 | 2
  readonly controllers: readonly string[]
  readonly path: string
}

/** Where a cgroup tells; a folder need not exist. */
export interface CgroupFolder {
  readonly version: 1 | 2
  readonly folder: string
}

/** /proc/self/cgroup. */
export function parseMemberships(text: string): Membership[] {
  const memberships: Membership[] = []
  for (const [, names = '', path = ''] of text.matchAll(/^\d+:([^:\n]*):(\/.*)$/gm)) {
    // Outside of the cgroup namespace: nothing of it is mounted here.
    if (path.startsWith('/..')) continue
    memberships.push({ version: names === '' ? 2 : 1, controllers: names.split(','), path })
  }
  return memberships
}

/** The folders of a controller from the process's own cgroup up to the root; in a container most of the path is not there. */
export function listFolders(
  cgroupRoot: string,
  { version, path }: Membership,
  controller: string,
): CgroupFolder[] {
  const folders: CgroupFolder[] = []
  for (let at = path; ; at = dirname(at)) {
    folders.push({ version, folder: join(cgroupRoot, version === 1 ? controller : '', at) })
    if (at === '/') return folders
  }
}

/** The memberships that count for a controller: what version 1 has of it, version 2 has not. */
export function membershipsOf(
  memberships: readonly Membership[],
  controller: string,
): Membership[] {
  return memberships.filter(
    ({ version, controllers }) => version === 2 || controllers.includes(controller),
  )
}

/**
 * The cgroup this process is in for a controller, found by `file` of version 1; null when it is the root cgroup of the
 * machine, or none of it can be read.
 */
export function findOwnFolder(
  cgroupRoot: string,
  memberships: readonly Membership[],
  controller: string,
  file: string,
): CgroupFolder | null {
  for (const membership of membershipsOf(memberships, controller)) {
    if (membership.version === 1 && membership.path === '/') continue
    // In version 2 every cgroup has this file but the root of the machine; that of a namespace has it.
    const proof = membership.version === 2 ? 'cgroup.events' : file
    const own = listFolders(cgroupRoot, membership, controller).find(({ folder }) =>
      existsSync(join(folder, proof)),
    )
    if (own !== undefined) return own
  }
  return null
}
