import { readFileSync } from 'node:fs'

/** The id of the container this process runs in, from what Linux tells of its control groups and mounts. */
export function containerId(read: (path: string) => string = readText): string | undefined {
  return fromControlGroups(read('/proc/self/cgroup')) ?? fromMounts(read('/proc/self/mountinfo'))
}

const ID = /([0-9a-f]{64})/

/** The first version of control groups names the container in the path of every group. */
function fromControlGroups(text: string): string | undefined {
  for (const line of text.split('\n')) {
    const id = ID.exec(line.slice(line.lastIndexOf('/')))?.[1]
    if (id !== undefined) return id
  }
  return undefined
}

/** Container engines mount the files they write, such as the host's name, from a folder named by the id. */
function fromMounts(text: string): string | undefined {
  for (const line of text.split('\n')) {
    if (!/ \/etc\/(hostname|hosts|resolv\.conf) /.test(line)) continue
    const id = /\/([0-9a-f]{64})\//.exec(line)?.[1]
    if (id !== undefined) return id
  }
  return undefined
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
