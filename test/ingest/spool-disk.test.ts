import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { until } from '../helpers/until'
import { NOW_MS, openAt, request, spoolFolder, valueOf } from './spools'

const CHILD = join(__dirname, '../helpers/spool-disk-child.ts')
const TIMEOUT_MS = 20_000

t.test('a folder that cannot be made is refused by name, and used once it can', async (t) => {
  const folder = spoolFolder(t)
  writeFileSync(folder, 'in the way')
  const spool = await openAt(t, folder)
  t.match(spool.refusal(), /^the spool cannot be written: a file is in the way of its folder \(/)
  await t.rejects(spool.append(request('lost')), {
    name: 'Unavailable',
    message: /^cannot spool the request: the spool cannot be written: a file is in the way/,
  })
  t.equal(await valueOf(spool, 'sidelight_spool_refusing'), 1)
  t.strictSame(await spool.next(1), [])
  t.strictSame(spool.state(), {
    records: 0,
    bytes: 0,
    oldestReceivedMs: null,
    oldestOnDiskMs: null,
  })

  rmSync(folder)
  await until(() => spool.refusal() === null, TIMEOUT_MS, 'the spool to be usable')
  await spool.append(request('kept'))
  t.strictSame(await spool.drain(), ['kept'])
  t.strictSame(
    spool.lines.map((line) => line.replace(/\(.*| after .*/, '')),
    [
      'error the spool takes nothing: the spool cannot be written: a file is in the way of its folder ',
      'info the spool takes requests again,',
    ],
  )
})

t.test('what is written to a folder that was removed is not acknowledged', async (t) => {
  const folder = spoolFolder(t)
  const spool = await openAt(t, folder)
  await spool.append(request('lost'))
  rmSync(folder, { recursive: true })
  await t.rejects(spool.append(request('refused')), {
    name: 'Unavailable',
    message: /its folder is gone .*its segment was removed/,
  })
  t.match(spool.refusal(), /its folder is gone/)
  await until(() => spool.refusal() === null, TIMEOUT_MS, 'the folder to be made again')
  await spool.append(request('kept'))
  t.strictSame(await spool.drain(), ['kept'])
  t.ok(
    spool.lines.includes(
      'error 1 acknowledged requests are lost: spool segment 00000001 was removed from the disk',
    ),
    'what is lost is told',
  )
})

t.test('a write the disk does not take costs the requests in it alone', async (t) => {
  const folder = spoolFolder(t)
  // The limit on the size of a file stands for a full disk: the write is cut short, then refused.
  const output = execFileSync(
    'sh',
    [
      '-c',
      'ulimit -f 800 && exec "$@"',
      'sh',
      process.execPath,
      '--import',
      'tsx',
      CHILD,
      folder,
      '2000000',
    ],
    {
      encoding: 'utf8',
      cwd: dirname(dirname(__dirname)),
      env: { ...process.env, NODE_OPTIONS: '' },
    },
  )
  const { taken, failures, refusal, lines } = JSON.parse(output) as Record<string, unknown>
  t.equal(taken, 10)
  t.match(refusal, /^the spool cannot be written: a file may not grow so large/)
  t.strictSame(
    failures,
    Array.from({ length: 3 }, () => `Unavailable: cannot spool the request: ${String(refusal)}`),
  )
  t.strictSame(lines, [`the spool takes nothing: ${String(refusal)}`])

  const spool = await openAt(t, folder)
  t.equal(spool.state().records, 10)
  t.equal(await valueOf(spool, 'sidelight_spool_cut_bytes_total'), 0, 'it was cut back at once')
})

t.test('what is settled counts as kept until that is on disk', async (t) => {
  const folder = spoolFolder(t)
  const spool = await openAt(t, folder)
  const ref = await spool.append(request('stored', { receivedMs: NOW_MS - 5000 }))
  const inTheWay = join(folder, '00000001.done')
  mkdirSync(inTheWay)
  await t.rejects(spool.settle([ref]), { name: 'Unavailable' })
  t.match(spool.state(), { records: 0, oldestOnDiskMs: NOW_MS - 5000 }, 'a restart brings it back')
  rmSync(inTheWay, { recursive: true })
  await spool.settle([])
  t.match(spool.state(), { records: 0, oldestOnDiskMs: null })
})
