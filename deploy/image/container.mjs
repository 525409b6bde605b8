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
 * @typedef {{
 *   tree: string,
 *   root: string,
 *   volumes: Record<string, string>,
 *   env: Record<string, string>,
 *   user?: string,
 *   groups?: string,
 *   wrap?: string[],
 * }} Container `tree`: the layer; `root`: an empty folder; `volumes`: folders and files by the path they have inside; `groups`:
 * supplementary ones; `wrap`: what runs it
 */

/**
 * Runs an image as a container engine would, by what its Dockerfile says.
 *
 * @param {Container & { args?: string[], dockerfile?: string }} container `args`: in place of the image's command;
 *   `dockerfile`: of this folder, the collector's unless another is named
 */
export function runImage({ args, dockerfile = 'Dockerfile', ...container }) {
  const image = imageOf(fs.readFileSync(join(HERE, dockerfile), 'utf8'))
  return runContainer({
    user: image.user,
    ...container,
    env: { ...image.env, ...container.env },
    command: [...image.entrypoint, ...(args ?? image.cmd)],
  })
}

/**
 * Runs a command of a container. What it prints is collected; its pid is that of the process inside.
 *
 * @param {Container & { command: string[] }} container
 */
export function runContainer({ tree, root, volumes, env, user, groups = '', wrap = [], command }) {
  const variables = Object.entries({ PATH, ...env }).map(([name, value]) => `${name}=${value}`)
  const child = spawn(
    'env',
    [
      // Nothing of this process's environment is in it, nor what a test runner adds to that of its children.
      ...['-i', ...variables, ...wrap],
      ...['unshare', '--mount', '--propagation', 'private', 'sh', join(HERE, 'root.sh')],
      ...[tree, root, process.execPath, user, groups],
      ...Object.entries(volumes).map(([path, folder]) => `${path}=${folder}`),
      ...['--', ...command],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output += text))
  }
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  // With its streams, for what it said last.
  const ended = once(child, 'close').then(([code]) => code)
  return {
    pid: child.pid,
    output: () => output,
    hasEnded,
    ended,
    async end(signal) {
      if (!hasEnded()) child.kill(signal)
      return ended
    },
  }
}
