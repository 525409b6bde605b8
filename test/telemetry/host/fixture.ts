import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HostFiles } from '../../../collector/telemetry/host/files'
import type { Blocks } from '../../../collector/telemetry/host/space'

/** A server with several disks, and containers with cgroups of version 2 and 1 on it. */
export type Machine = 'server' | 'container-v2' | 'container-v1'

const FOLDER = join(__dirname, '..', '..', 'fixtures', 'host')

/** The files of a machine, as a reader is given them. */
export function filesOf(machine: Machine): HostFiles {
  return {
    procRoot: join(FOLDER, machine, 'proc'),
    cgroupRoot: join(FOLDER, machine, 'cgroup'),
  }
}

/** A file of its /proc. */
export function readProc(machine: Machine, path: string): string {
  return readFileSync(join(FOLDER, machine, 'proc', path), 'utf8')
}

/** Every filesystem is this large: 1,000 blocks, 300 of them free, 50 of those for root alone. */
export async function statfsOfAll(): Promise<Blocks> {
  return { bsize: 4096, blocks: 1000, bfree: 300, bavail: 250 }
}
