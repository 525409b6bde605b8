import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Body, Signal } from '../../instrumentation/delivery/contract'
import { createHandover } from '../../instrumentation/delivery/handover'
import { readDestination } from '../../instrumentation/delivery/settings'
import { traces } from '../helpers/otlp'

const OTHER_UID = 65_534

t.test('a file holds one line and the body as it is', async (t) => {
  const folder = join(t.testdir(), 'handover')
  const bytes = traces({ service: 'shop', spans: [{ name: 'a' }], count: 3 })
  const handover = handoverTo({
    SIDELIGHT_HANDOVER_DIR: folder,
    OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20secret-token',
    OTEL_EXPORTER_OTLP_LOGS_HEADERS: 'Authorization=Basic%20abc',
  })
  const body: Body = { signal: 'traces', bytes, items: 3 }
  const log: Body = { signal: 'logs', bytes: Buffer.from('log'), items: 1 }
  t.same(handover.save([body, log]).saved, new Set([body, log]))
  await handover.saveSoon(body)
  const names = readdirSync(folder).sort()
  t.match(names, [
    /^logs-\d+-[0-9a-f]{16}\.otlp$/,
    new RegExp(`^traces-${process.pid}-[0-9a-f]{16}\\.otlp$`),
    /^traces-\d+-[0-9a-f]{16}\.otlp$/,
  ])
  const files = names.map((name) => readFileSync(join(folder, name)))
  const token = createHash('sha256').update('secret-token').digest('hex')
  const expected = Buffer.concat([Buffer.from(`sidelight-handover/1 traces 3 ${token}\n`), bytes])
  t.ok(files[1]?.equals(expected))
  t.ok(files[2]?.equals(expected), 'written asynchronously, too')
  t.equal(files[0]?.toString(), 'sidelight-handover/1 logs 1 -\nlog')
})

t.test('files and folder are private, whatever the umask', async (t) => {
  for (const umask of [0o000, 0o077]) {
    const before = process.umask(umask)
    t.teardown(() => process.umask(before))
    const folder = join(t.testdir({}), `handover-${umask}`)
    const handover = handoverTo({ SIDELIGHT_HANDOVER_DIR: folder })
    handover.save([span()])
    await handover.saveSoon(span())
    t.same([modeOf(folder), ...fileModes(folder)], [0o700, 0o600, 0o600])
    process.umask(before)
  }
})

t.test('a folder that passes its group on is shared with the group', async (t) => {
  const shared = t.testdir()
  chmodSync(shared, 0o2777)
  const folder = join(shared, 'handover')
  const handover = handoverTo({ SIDELIGHT_HANDOVER_DIR: folder })
  const before = process.umask(0o077)
  handover.save([span()])
  await handover.saveSoon(span())
  process.umask(before)
  t.same([modeOf(folder), ...fileModes(folder)], [0o2770, 0o640, 0o640])
})

t.test(
  'a folder that is given is taken if only its group, or with the sticky bit, may write',
  (t) => {
    const cases: [number, boolean][] = [
      [0o700, true],
      [0o770, true],
      [0o1777, true],
      [0o2770, true],
      [0o777, false],
      [0o702, false],
    ]
    for (const [mode, isTaken] of cases) {
      const folder = makeFolder(join(t.testdir({}), `handover-${mode}`), mode)
      const { saved, error } = handoverTo({ SIDELIGHT_HANDOVER_DIR: folder }).save([span()])
      t.equal(saved.size, isTaken ? 1 : 0, mode.toString(8))
      if (!isTaken) t.match(error, { message: /has no sticky bit/ })
    }
    t.end()
  },
)

t.test('a symlink in the place of the folder is not followed', async (t) => {
  const target = makeFolder(join(t.testdir(), 'target'), 0o700)
  const link = join(t.testdirName, 'handover')
  symlinkSync(target, link)
  const handover = handoverTo({ SIDELIGHT_HANDOVER_DIR: link })
  t.match(handover.save([span()]), { error: { message: /is not a folder/ } })
  await t.rejects(handover.saveSoon(span()), { message: /is not a folder/ })
  t.same(readdirSync(target), [])
})

t.test(
  'the default folder is used where a collector has made it, for an endpoint on this machine',
  (t) => {
    const around = defaultPlace(t)
    const there = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' }
    t.match(handoverTo(there).save([span()]), { error: { message: /there is no folder/ } })
    t.notOk(existsSync(around), 'it is not made')
    mkdirSync(around, { mode: 0o700 })
    const folder = makeFolder(join(around, 'handover'), 0o700)
    const elsewhere = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.example:4318' }
    t.match(handoverTo(elsewhere).save([span()]), {
      error: { message: 'SIDELIGHT_HANDOVER_DIR is not set' },
    })
    t.equal(handoverTo(there).save([span()]).saved.size, 1)
    t.equal(readdirSync(folder).length, 1)
    t.end()
  },
)

t.test('the default folder has to be ours alone', { skip: !isRoot() && 'needs root' }, (t) => {
  const around = defaultPlace(t)
  mkdirSync(around, { mode: 0o700 })
  const folder = makeFolder(join(around, 'handover'), 0o700)
  const save = () => handoverTo({}).save([span()])
  t.equal(save().saved.size, 1)
  for (const place of [around, folder]) {
    chmodSync(place, 0o770)
    t.match(save(), { error: { message: /others may write to/ } })
    chmodSync(place, 0o700)
    chownSync(place, OTHER_UID, OTHER_UID)
    t.match(save(), { error: { message: /belongs to another user/ } })
    chownSync(place, 0, 0)
  }
  t.equal(readdirSync(folder).length, 1)
  t.end()
})

t.test(
  'a folder of another user is taken when it is given',
  { skip: !isRoot() && 'needs root' },
  (t) => {
    const folder = makeFolder(join(t.testdir(), 'handover'), 0o700)
    chownSync(folder, OTHER_UID, OTHER_UID)
    t.equal(handoverTo({ SIDELIGHT_HANDOVER_DIR: folder }).save([span()]).saved.size, 1)
    t.end()
  },
)

t.test('all files together have a bound; what is smaller still fits', async (t) => {
  const folder = makeFolder(join(t.testdir(), 'handover'), 0o700)
  writeFileSync(join(folder, 'traces-1-00.otlp'), Buffer.alloc(500))
  const handover = handoverTo({
    SIDELIGHT_HANDOVER_DIR: folder,
    SIDELIGHT_HANDOVER_MAX_BYTES: '1000',
  })
  const bodies = [400, 400, 10].map((size) => span(Buffer.alloc(size)))
  const { saved, error } = handover.save(bodies)
  t.same(saved, new Set([bodies[0], bodies[2]]))
  t.match(error, { message: /is full/ })
  await t.rejects(handover.saveSoon(span(Buffer.alloc(400))), { message: /is full/ })
  t.equal(readdirSync(folder).length, 3, 'nothing half written')
})

t.test('the name says when a body was first sent', async (t) => {
  const folder = join(t.testdir(), 'handover')
  const handover = handoverTo({ SIDELIGHT_HANDOVER_DIR: folder })
  handover.save([{ ...span(), triedMs: 1_700_000_000_000 }])
  t.match(readdirSync(folder), [/^traces-\d+-[0-9a-f]{16}-1700000000000\.otlp$/])
})

t.test('off and relative paths mean no folder', async (t) => {
  for (const [given, why] of [
    ['off', 'SIDELIGHT_HANDOVER_DIR is off'],
    ['left/here', 'SIDELIGHT_HANDOVER_DIR is not an absolute path'],
  ] as const) {
    const handover = handoverTo({ SIDELIGHT_HANDOVER_DIR: given })
    t.match(handover.save([span()]), { saved: new Set(), error: { message: why } })
    await t.rejects(handover.saveSoon(span()), { message: why })
    t.notOk(existsSync(given))
  }
})

t.test('what was begun and left an hour ago takes no room, and is removed', async (t) => {
  const folder = makeFolder(join(t.testdir(), 'handover'), 0o700)
  const handover = handoverTo({
    SIDELIGHT_HANDOVER_DIR: folder,
    SIDELIGHT_HANDOVER_MAX_BYTES: '1000',
  })
  const longAgo = Date.now() / 1_000 - 3_700
  for (const save of [
    () => Promise.resolve(handover.save([span()]).saved.size === 1),
    () => handover.saveSoon(span()).then(() => true),
  ]) {
    writeFileSync(join(folder, '.tmp-left'), Buffer.alloc(1000))
    utimesSync(join(folder, '.tmp-left'), longAgo, longAgo)
    t.ok(await save())
    t.notOk(existsSync(join(folder, '.tmp-left')))
  }
})

t.test('a place that cannot be written to is an error, not a throw', async (t) => {
  const file = join(t.testdir({ file: 'text' }), 'file')
  for (const place of [file, join(file, 'below'), '/proc/handover']) {
    const handover = handoverTo({ SIDELIGHT_HANDOVER_DIR: place })
    const { saved, error } = handover.save([span()])
    t.equal(saved.size, 0)
    t.type(error, Error)
    await t.rejects(handover.saveSoon(span()))
  }
})

function handoverTo(env: Record<string, string>) {
  const destination = (signal: Signal) => readDestination(signal, env)
  return createHandover(env, {
    traces: destination('traces'),
    metrics: destination('metrics'),
    logs: destination('logs'),
  })
}

function span(bytes = Buffer.from('body')): Body {
  return { signal: 'traces', bytes, items: 1 }
}

/** Where the default folder would be, in a temporary folder of this test. */
function defaultPlace(t: Test): string {
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = t.testdir()
  t.teardown(() => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  })
  return join(t.testdirName, `sidelight-${process.getuid?.()}`)
}

function makeFolder(path: string, mode: number): string {
  mkdirSync(path, { recursive: true })
  chmodSync(path, mode)
  return path
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o7777
}

function fileModes(folder: string): number[] {
  return readdirSync(folder).map((name) => modeOf(join(folder, name)))
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}
