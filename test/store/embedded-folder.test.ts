import { chmodSync, existsSync, mkdirSync, rmSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import t from 'tap'
import { firstClosedFolder, permissionsOf } from '../../collector/store/embedded/account'
import { readEmbeddedConnection } from '../../collector/store/embedded/connection'
import { settleDataFolder, substituteFor } from '../../collector/store/embedded/place'
import { startEmbeddedPostgres } from '../../collector/store/embedded/server'
import { dataDirectory } from '../helpers/process'

const isRoot = process.getuid?.() === 0
/** Somebody who owns nothing here. */
const STRANGER = { name: 'stranger', uid: 4_000_000, gid: 4_000_000 }
const log = pino({ level: 'silent' })

t.test('what a file mode allows to owner, group and others', async (t) => {
  const account = { name: 'a', uid: 7, gid: 8 }
  for (const { uid, gid, mode, allows } of [
    { uid: 7, gid: 8, mode: 0o741, allows: 7 },
    { uid: 1, gid: 8, mode: 0o741, allows: 4 },
    { uid: 1, gid: 1, mode: 0o741, allows: 1 },
    { uid: 7, gid: 1, mode: 0o077, allows: 0 },
  ]) {
    t.equal(permissionsOf(account, { uid, gid, mode }), allows, `${uid}:${gid} ${mode.toString(8)}`)
  }
})

t.test('the first folder that another user may not enter is found', async (t) => {
  const folder = dataDirectory(t)
  const closed = join(folder, 'closed')
  mkdirSync(join(closed, 'inner'), { recursive: true })
  t.equal(firstClosedFolder(STRANGER, join(closed, 'inner')), null)
  chmodSync(closed, 0o700)
  t.equal(firstClosedFolder(STRANGER, join(closed, 'inner')), closed)
})

t.test('a chosen folder that cannot be reached is refused with what to do', async (t) => {
  const closed = join(dataDirectory(t), 'closed')
  const dataDir = join(closed, 'data')
  mkdirSync(dataDir, { recursive: true })
  // Root is stopped by its unprivileged account, an ordinary user by itself.
  chmodSync(closed, isRoot ? 0o700 : 0o000)
  t.teardown(() => chmodSync(closed, 0o755))
  await t.rejects(
    startEmbeddedPostgres({ dataDir, explicitDataDir: true, maxSizeBytes: 1e9, log }),
    {
      name: 'EmbeddedPostgresError',
      message: isRoot
        ? new RegExp(`may not enter ${closed}; set SIDELIGHT_DATA_DIR .*chmod o\\+x ${closed}`)
        : /permission denied .*set SIDELIGHT_DATA_DIR/,
    },
  )
})

t.test('a folder of our own is opened for the user of Postgres, no other is', async (t) => {
  const dataDir = join(dataDirectory(t), 'data')
  mkdirSync(dataDir, { mode: 0o700 })
  t.equal(settleDataFolder(dataDir, true, STRANGER, log), dataDir)
  t.equal(statSync(dataDir).mode & 0o777, 0o711)
})

t.test('a folder nobody chose is replaced when it cannot be reached', async (t) => {
  const closed = join(dataDirectory(t), 'closed')
  const dataDir = join(closed, 'data')
  mkdirSync(dataDir, { recursive: true })
  chmodSync(closed, 0o700)
  const substitute = substituteFor(dataDir)
  if (!isRoot) {
    // The place for it belongs to root, so an ordinary user can only be told.
    t.throws(() => settleDataFolder(dataDir, false, STRANGER, log), {
      name: 'EmbeddedPostgresError',
      message: /\/var\/lib\/sidelight/,
    })
    return
  }
  const existed = existsSync('/var/lib/sidelight')
  t.teardown(() => {
    rmSync(substitute, { recursive: true, force: true })
    if (!existed) rmdirSync('/var/lib/sidelight')
  })
  const postgres = await startEmbeddedPostgres({
    dataDir,
    explicitDataDir: false,
    maxSizeBytes: 1e9,
    log,
  })
  t.equal(postgres.dataDirUsed, substitute)
  t.equal(await readEmbeddedConnection(dataDir), postgres.connectionString)
  await postgres.stop()
})
