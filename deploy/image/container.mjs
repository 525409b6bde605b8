import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { imageOf } from './dockerfile.mjs'

const HERE = dirname(fileURLToPath(import.meta.url))
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Why containers cannot be run here; null when they can. */
export function obstacle() {
  if (process.platform !== 'linux') return 'it needs Linux'
  if (process.getuid() !== 0)
    return 'it has to be root, to become another user in a root of its own'
  const missing = ['unshare', 'setpriv', 'chroot', 'ldd'].filter(
    (name) => !PATH.split(':').some((folder) => fs.existsSync(join(folder, name))),
  )
  return missing.length === 0
    ? null
    : `it needs ${missing.join(', ')} (Debian: util-linux, coreutils, libc-bin)`
}

/**
 * Runs the collector's image as a container engine would, from the layer in `tree` and by what the Dockerfile says. What it
 * prints is collected; its pid is that of the process inside.
 *
 * @param {{
 *   tree: string,
 *   root: string,
 *   volumes: Record<string, string>,
 *   env: Record<string, string>,
 *   user?: string,
 *   groups?: string,
 *   args?: string[],
 *   wrap?: string[],
 * }} options `root`: an empty folder; `groups`: supplementary ones; `args`: in place of the command `start`; `wrap`: what runs it
 */
export function runContainer({ tree, root, volumes, env, user, groups = '', args, wrap = [] }) {
  const image = imageOf(fs.readFileSync(join(HERE, 'Dockerfile'), 'utf8'))
  const [program, ...rest] = [
    ...wrap,
    ...['unshare', '--mount', '--propagation', 'private', 'sh', join(HERE, 'root.sh')],
    ...[tree, root, process.execPath, user ?? image.user, groups],
    ...Object.entries(volumes).map(([path, folder]) => `${path}=${folder}`),
    ...['--', ...image.entrypoint, ...(args ?? image.cmd)],
  ]
  const child = spawn(program, rest, {
    env: { PATH, ...image.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output += text))
  }
  // With its streams, for what it said last.
  const ended = once(child, 'close').then(([code]) => code)
  return {
    pid: child.pid,
    output: () => output,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    ended,
    async end(signal) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      return ended
    },
  }
}
