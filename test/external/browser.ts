import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const FLAGS = [
  '--headless=new',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--no-first-run',
]

/** Opens a page in Debian's chromium, which runs it until teardown. */
export async function openPage(
  t: { teardown(fn: () => Promise<void>): void },
  url: string,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-browser-'))
  // Its sandbox refuses root.
  const flags = process.getuid?.() === 0 ? [...FLAGS, '--no-sandbox'] : FLAGS
  const child = spawn('chromium', [...flags, `--user-data-dir=${folder}`, url], {
    stdio: 'ignore',
    // Its processes are a group, to be ended together.
    detached: true,
    env: { ...process.env, HOME: folder },
  })
  const ended = once(child, 'exit')
  t.teardown(async () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  })
  await once(child, 'spawn')
}
