import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { ensureAdminToken } from '../../collector/config'

const NONE = { tokens: [] }

t.test('a generated token is kept for its owner only, and found again', async (t) => {
  const folder = join(t.testdir(), 'not', 'there')
  const { token, file } = await ensureAdminToken(folder, NONE)
  t.match(token, /^[A-Za-z0-9_-]{43}$/)
  t.equal(file, join(folder, 'admin-token'))
  t.equal(statSync(join(folder, 'admin-token')).mode & 0o777, 0o600)
  t.equal(readFileSync(join(folder, 'admin-token'), 'utf8').trim(), token)
  t.strictSame(await ensureAdminToken(folder, NONE), { token, file })
  t.strictSame(readdirSync(folder), ['admin-token'])
})

t.test('ten processes at once agree on one token', async (t) => {
  const folder = t.testdir()
  const made = await Promise.all(Array.from({ length: 10 }, () => ensureAdminToken(folder, NONE)))
  t.equal(new Set(made.map(({ token }) => token)).size, 1)
  t.strictSame(readdirSync(folder), ['admin-token'])
})

t.test('a configured admin token is used as it is, and nothing is written', async (t) => {
  const folder = t.testdir()
  const tokens = [
    { token: 'reader-reader-reader', scope: 'read', tenant: null },
    { token: 'admin-admin-admin', scope: 'admin', tenant: null },
  ] as const
  const kept = await ensureAdminToken(folder, { tokens })
  t.strictSame(kept, { token: 'admin-admin-admin', file: null })
  t.strictSame(readdirSync(folder), [])
})

t.test('a token file others could read is closed to them', async (t) => {
  const folder = t.testdir({ 'admin-token': 'kept-from-an-earlier-start\n' })
  chmodSync(join(folder, 'admin-token'), 0o644)
  t.equal((await ensureAdminToken(folder, NONE)).token, 'kept-from-an-earlier-start')
  t.equal(statSync(join(folder, 'admin-token')).mode & 0o777, 0o600)
})

t.test('a damaged token file is refused with what to do', async (t) => {
  const folder = t.testdir({ 'admin-token': '\n' })
  await t.rejects(ensureAdminToken(folder, NONE), /has only 0 characters; delete the file/)
})

t.test('a folder that cannot be used is a fault of the configuration', async (t) => {
  const folder = t.testdir({ file: 'x' })
  await t.rejects(ensureAdminToken(join(folder, 'file'), NONE), {
    name: 'ConfigError',
    faults: [{ key: 'SIDELIGHT_DATA_DIR', problem: /cannot be kept in it/ }],
  })
})

t.test("another user's folder is refused with both users named", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-admin-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  chmodSync(folder, 0o755)
  const isRoot = process.geteuid?.() === 0
  if (isRoot) process.seteuid?.(65_534)
  try {
    const refusal = /belongs to the user with id 0, and this is the user with id [1-9]/
    await t.rejects(ensureAdminToken(isRoot ? folder : '/', NONE), refusal)
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
})
