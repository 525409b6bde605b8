import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
import { withDatabase } from '../helpers/postgres'

t.setTimeout(240_000)

const ROOT = join(__dirname, '..', '..')

/** Runs the check of the image; needs Linux and root. */
async function runCheck(env: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, [join(ROOT, 'deploy', 'image', 'check.mjs')], {
    // The loaders of the test runner are not for it.
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  const [code] = (await once(child, 'close')) as [number]
  return { code, output }
}

t.test('the image runs on a root it cannot write to, and keeps what it is sent', async (t) => {
  const { connectionString } = await withDatabase(t, { migrated: false })
  const { code, output } = await runCheck({ DATABASE_URL: connectionString })
  t.equal(code, 0, output)
  t.match(output, /^layer +\d+\.\d MB in \d+ files$/m)
  t.match(output, /^start +ready after \d+ ms, idle \d+ MiB resident/m)
})

t.test('an image whose database does not answer fails the check', async (t) => {
  const { code, output } = await runCheck({
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    SIDELIGHT_CHECK_READY_TIMEOUT_MS: '2000',
  })
  t.equal(code, 1)
  t.match(output, /health\/ready does not answer/)
})
