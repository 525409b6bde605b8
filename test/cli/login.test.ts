import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { runLogin } from '../../collector/cli/login'
import { ADMIN, buildApi, READ } from '../api/server'
import { createStreams } from './streams'

/** A running API and the environment of a collector there. */
async function start(t: Parameters<typeof buildApi>[0]) {
  const { app } = buildApi(t)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return { url, env: { SIDELIGHT_API_ADDR: url.slice('http://'.length) } }
}

async function login(env: NodeJS.ProcessEnv) {
  const { stdout, stderr, written } = createStreams()
  return { code: await runLogin(env, { stdout, stderr }), ...written }
}

t.test(
  'login prints a link of the running collector, by the token configured or kept',
  async (t) => {
    const { url, env } = await start(t)
    const folder = t.testdir()
    const link = new RegExp(`^${url}/login\\?code=[\\w-]{43}\n$`)
    const given = await login({ ...env, SIDELIGHT_ADMIN_TOKEN: ADMIN, SIDELIGHT_DATA_DIR: folder })
    t.match(given, { code: 0, stdout: link, stderr: '' })
    writeFileSync(join(folder, 'admin-token'), `${ADMIN}\n`)
    const kept = await login({ ...env, SIDELIGHT_DATA_DIR: folder })
    t.match(kept, { code: 0, stdout: link, stderr: '' })
    t.not(kept.stdout, given.stdout)
  },
)

t.test('login says what is missing', async (t) => {
  const { env } = await start(t)
  const folder = t.testdir()
  const none = await login({ ...env, SIDELIGHT_DATA_DIR: folder })
  t.match(none, { code: 2, stdout: '', stderr: /it holds no admin token/ })
  const unknown = await login({ ...env, SIDELIGHT_ADMIN_TOKEN: `${READ}-of-another` })
  t.match(unknown, { code: 1, stdout: '', stderr: /The token is not known/ })
  t.notMatch(unknown.stderr, READ)
  const away = await login({ SIDELIGHT_API_ADDR: '127.0.0.1:1', SIDELIGHT_ADMIN_TOKEN: ADMIN })
  t.match(away, { code: 1, stderr: /http:\/\/127\.0\.0\.1:1 .* does not answer/ })
})
