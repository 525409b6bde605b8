import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { prepareFolder } from '../../collector/ingest/handover/folder'
import { parseHeader } from '../../collector/ingest/handover/header'
import { lstatIfPresent, pruneRefused } from '../../collector/ingest/handover/refused'
import { createTokenHashCheck } from '../../collector/receiver/token'
import { handOver } from '../helpers/handed-over'
import { until } from '../helpers/until'
import { readableLog, startHandover } from './handovers'
import { temporaryFolder, TIMEOUT_MS } from './writes'

const isRoot = process.getuid?.() === 0
const NOBODY = 65_534
const HOUR_MS = 3_600_000
const HASH = 'ab'.repeat(32)

t.test('a header is one line of four words, and nothing else', async (t) => {
  const line = `sidelight-handover/1 logs 12 ${HASH}\n`
  t.same(parseHeader(Buffer.from(`${line}body`)), {
    signal: 'logs',
    items: 12,
    tokenHash: HASH,
    bytes: line.length,
  })
  t.equal(parseHeader(Buffer.from('sidelight-handover/1 traces 0 -\n'))?.tokenHash, null)
  for (const text of [
    '',
    '\n',
    line.trimEnd(),
    line.replace('/1', '/2'),
    line.replace('logs', 'spans'),
    line.replace('logs', 'toString'),
    line.replace('12', '-1'),
    line.replace('12', '1e3'),
    line.replace('12', '9'.repeat(16)),
    line.replace(HASH, HASH.slice(2)),
    line.replace(HASH, HASH.toUpperCase()),
    line.replace(' logs', '  logs'),
    ` ${line}`,
    `${'x'.repeat(300)}\n`,
  ]) {
    t.equal(parseHeader(Buffer.from(text)), null, JSON.stringify(text.slice(0, 40)))
  }
})

t.test('a token is known by its hash, and none is needed only where there is none', async (t) => {
  const { createHash } = await import('node:crypto')
  const hash = (token: string) => createHash('sha256').update(token).digest('hex')
  const open = createTokenHashCheck([])
  t.equal(open(null), null)
  t.equal(open(HASH), null)
  const guarded = createTokenHashCheck([
    { token: 'token-of-nobody-at-all', tenant: null },
    { token: 'token-of-a-tenant-here', tenant: 'acme' },
  ])
  t.equal(guarded(hash('token-of-nobody-at-all')), null)
  t.equal(guarded(hash('token-of-a-tenant-here')), 'acme')
  t.equal(guarded(HASH), undefined)
  t.equal(guarded(null), undefined)
})

const DAMAGED: [string, (folder: string) => unknown, RegExp][] = [
  ['no header', (folder) => handOver(folder, { body: Buffer.from('x'), header: '' }), /header/],
  [
    'a cut header',
    (folder) => truncateSync(join(folder, handOver(folder, { body: Buffer.from('x') })), 10),
    /header/,
  ],
  ['a large body', (folder) => handOver(folder, { body: Buffer.alloc(101) }), /101 bytes/],
  [
    'no token',
    (folder) => handOver(folder, { body: Buffer.from('x') }),
    /an ingest token is needed/,
  ],
  [
    'a strange token',
    (folder) => handOver(folder, { body: Buffer.from('x'), token: 'strange' }),
    /not an ingest token/,
  ],
  [
    'a symbolic link',
    (folder) => symlinkSync('/etc/hostname', join(folder, 'traces-1-aa.otlp')),
    /symbolic link/,
  ],
  [
    'a second name',
    (folder) => {
      writeFileSync(join(folder, 'elsewhere'), 'text')
      linkSync(join(folder, 'elsewhere'), join(folder, 'traces-1-aa.otlp'))
    },
    /another name/,
  ],
  [
    'a pipe',
    (folder) => execFileSync('mkfifo', [join(folder, 'traces-1-aa.otlp')]),
    /not a regular file/,
  ],
]

for (const [what, leave, why] of DAMAGED) {
  t.test(`${what}: refused, put aside as it is, told once`, async (t) => {
    const folder = temporaryFolder(t)
    const { lines, log } = readableLog()
    leave(folder)
    const tenantOf = what.includes('token') ? createTokenHashCheck([TOKEN]) : () => null
    const { inbox, digests, counters } = await startHandover(t, {
      folder,
      log,
      tenantOf,
      maxBodyBytes: 100,
    })
    await until(() => inbox.state().files === 0, TIMEOUT_MS, 'an empty inbox')
    t.same(
      readdirSync(folder).filter((name) => name.endsWith('.otlp')),
      [],
    )
    t.equal(readdirSync(join(folder, 'refused')).length, 1)
    t.equal(statSync(join(folder, 'refused')).mode & 0o777, 0o700)
    t.equal(digests.length, 0)
    await until(() => lines.length > 0, TIMEOUT_MS, 'a line')
    t.match(lines, [why])
    t.match(await counters.handedOverFiles.get(), {
      values: [{ labels: { outcome: 'refused' }, value: 1 }],
    })
  })
}

const TOKEN = { token: 'token-of-nobody-at-all', tenant: null }

t.test('a folder named like a file is left alone', async (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'traces-1-aa.otlp'))
  const { lines, log } = readableLog()
  const { inbox, digests } = await startHandover(t, { folder, log })
  handOver(folder, { body: Buffer.from('a body') })
  await until(() => digests.length === 1, TIMEOUT_MS, 'a write')
  await inbox.look()
  t.match(lines, [/is a folder, not a file handed over/])
  t.ok(existsSync(join(folder, 'traces-1-aa.otlp')))
})

t.test(
  'files of another user are taken only from a folder somebody chose',
  { skip: isRoot ? false : 'only root can give files away' },
  async (t) => {
    const chosen = temporaryFolder(t)
    const foreign = join(chosen, handOver(chosen, { body: Buffer.from('a body') }))
    chownSync(foreign, NOBODY, NOBODY)
    const { digests } = await startHandover(t, { folder: chosen })
    await until(() => digests.length === 1, TIMEOUT_MS, 'a write')

    const own = join(temporaryFolder(t), 'handover')
    const name = handOver(own, { body: Buffer.from('a body') })
    chownSync(join(own, name), NOBODY, NOBODY)
    const { lines, log } = readableLog()
    const careful = await startHandover(t, { folder: own, isChosen: false, log })
    await until(() => careful.inbox.state().files === 0, TIMEOUT_MS, 'an empty inbox')
    t.equal(careful.digests.length, 0)
    t.match(lines, [/belongs to another user/])
  },
)

t.test('the folder nobody chose is made, private, with the one above it', async (t) => {
  const above = join(temporaryFolder(t), 'sidelight-1000')
  const path = join(above, 'handover')
  t.equal(await prepareFolder({ path, isChosen: false }), null)
  t.equal(statSync(above).mode & 0o777, 0o700)
  t.equal(statSync(path).mode & 0o777, 0o700)
  chmodSync(path, 0o755)
  t.equal(await prepareFolder({ path, isChosen: false }), null)
  t.equal(statSync(path).mode & 0o777, 0o700, 'and kept so')
})

t.test('it is not used where somebody else has a hand in it', async (t) => {
  const root = temporaryFolder(t)
  const real = join(root, 'real')
  mkdirSync(join(real, 'handover'), { recursive: true })
  symlinkSync(real, join(root, 'linked'))
  const judge = (path: string, isChosen = false) => prepareFolder({ path, isChosen })
  t.match(await judge(join(root, 'linked', 'handover')), /linked is a symbolic link/)
  symlinkSync(join(real, 'handover'), join(real, 'link'))
  t.match(await judge(join(real, 'link')), /symbolic link/)
  t.match(await judge(join(real, 'link'), true), /symbolic link/, 'nor one that was chosen')
  writeFileSync(join(real, 'file'), '')
  t.match(await judge(join(real, 'file')), /not a folder/)
  if (!isRoot) return
  chownSync(join(real, 'handover'), NOBODY, NOBODY)
  t.match(await judge(join(real, 'handover')), /belongs to another user/)
  t.equal(await judge(join(real, 'handover'), true), null, 'but one that was chosen')
})

t.test('a folder that cannot be used is told of once, and again when it can', async (t) => {
  const folder = join(temporaryFolder(t), 'handover')
  writeFileSync(folder, 'in the way')
  const { lines, log } = readableLog()
  const { inbox, digests } = await startHandover(t, { folder, log })
  await inbox.look()
  t.match(lines, [/are not taken: .*is (not a folder|in the way)/])
  t.equal(inbox.state().files, 0)
  rmSync(folder)
  handOver(folder, { body: Buffer.from('a body') })
  await until(() => digests.length === 1, TIMEOUT_MS, 'a write')
  t.match(lines[1], /are taken again/)
})

t.test(
  'what was refused is deleted after a week, and the oldest when it is too much',
  async (t) => {
    const folder = temporaryFolder(t)
    const refused = join(folder, 'refused')
    await pruneRefused(folder, Date.now())
    t.notOk(existsSync(refused))
    mkdirSync(refused)
    for (const name of ['a', 'b', 'c']) {
      writeFileSync(join(refused, name), '')
      truncateSync(join(refused, name), 30 * 1024 * 1024)
      const { ctimeMs } = lstatSync(join(refused, name))
      await until(() => Date.now() > ctimeMs + 20, TIMEOUT_MS, 'another time')
    }
    await pruneRefused(folder, Date.now())
    t.same(readdirSync(refused), ['b', 'c'])
    await pruneRefused(folder, Date.now() + 7 * 24 * HOUR_MS + 60_000)
    t.same(readdirSync(refused), [])
    t.equal(await lstatIfPresent(join(refused, 'a')), null)
  },
)

t.test(
  'a file that cannot be deleted is stored once, and deleted when it can be',
  { skip: isRoot && process.platform === 'linux' ? false : 'only root can make one' },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sidelight-stuck-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const name = handOver(folder, { body: Buffer.from('a body'), triedAgoMs: 0 })
    const pin = (flag: string) => execFileSync('chattr', [flag, join(folder, name)])
    try {
      pin('+i')
    } catch {
      t.comment('this file system has no such flag')
      return
    }
    t.teardown(() => (existsSync(join(folder, name)) ? pin('-i') : undefined))
    const { lines, log } = readableLog()
    const { inbox, digests } = await startHandover(t, { folder, log })
    await until(() => lines.length === 1, TIMEOUT_MS, 'a line')
    t.match(lines, [/stored and cannot be deleted/])
    t.equal(inbox.state().files, 1, 'its receipt is needed still')
    pin('-i')
    await until(() => !existsSync(join(folder, name)), TIMEOUT_MS, 'the deletion')
    t.equal(digests.length, 1)
  },
)

t.test('what was written in the future arrives now', async (t) => {
  const folder = temporaryFolder(t)
  const name = handOver(folder, { body: Buffer.from('a body') })
  const ahead = Date.now() / 1_000 + 3_600
  utimesSync(join(folder, name), ahead, ahead)
  t.ok(readFileSync(join(folder, name)).length > 0)
  const arrivals: number[] = []
  const { inbox } = await startHandover(t, {
    folder,
    accept: async ({ receivedMs }, onReleased) => {
      arrivals.push(receivedMs)
      onReleased()
      return { rejected: 0, message: '' }
    },
  })
  await until(() => inbox.state().files === 0, TIMEOUT_MS, 'an empty inbox')
  t.ok((arrivals[0] ?? Infinity) <= Date.now())
})
