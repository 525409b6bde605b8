import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { folderOf, linesOf, runProgram } from './program'

t.setTimeout(240_000)

t.test('lines go to files that are rotated, and the last of a process too', async (t) => {
  const folder = join(folderOf(t), 'made', 'by itself')
  // What is written next waits for the disk, which may be slow: files have the size they are to have when it keeps up.
  const program = `
    const { readdirSync, readFileSync } = require('node:fs')
    const { setTimeout } = require('node:timers/promises')
    const folder = process.env.LOG_FILES_DIR
    const log = require('sidelight').createModuleLogger('payments')
    function isOnDisk(text) {
      try {
        const numbers = readdirSync(folder).flatMap((name) => /^combined\\.(\\d+)\\./.exec(name)?.[1] ?? [])
        if (numbers.length > 4) return false
        const newest = readFileSync(folder + '/combined.' + Math.max(...numbers) + '.log', 'utf8')
        const before = readFileSync(folder + '/combined.' + Math.max(1, Math.max(...numbers) - 1) + '.log', 'utf8')
        return (before + newest).includes(text)
      } catch {
        return false
      }
    }
    ;(async () => {
      for (let round = 0; round < 40; round++) {
        for (let at = 0; at < 10; at++) log.info({ filler: 'x'.repeat(100), line: round * 10 + at }, 'written')
        while (!isOnDisk('"line":' + (round * 10 + 9) + ',')) await setTimeout(5)
      }
      log.error('failed')
      while (!isOnDisk('"message":"failed"')) await setTimeout(5)
      // One is on its way to the disk, and one is not, when the process ends.
      log.info('last')
      log.info('last')
      process.exit()
    })()`
  const env = { LOG_FILES_DIR: folder, LOG_FILES_MAX_BYTES: '8192', LOG_FILES_KEPT: '3' }
  const { stdout, stderr, code } = await runProgram(t, program, { env })
  t.same({ code, stderr }, { code: 0, stderr: '' })
  t.equal(linesOf(stdout).length, 403)
  const numbersOf = (kind: string) =>
    readdirSync(folder)
      .filter((name) => name.startsWith(`${kind}.`))
      .map((name) => Number(name.split('.')[1]))
      .sort((one, other) => one - other)
  const combined = numbersOf('combined')
  t.ok(combined.length >= 2 && combined.length <= 4, `kept: ${combined.join(' ')}`)
  t.ok((combined.at(-1) ?? 0) > 4, 'others are gone')
  for (const number of combined) {
    t.ok(statSync(join(folder, `combined.${number}.log`)).size < 16_384)
  }
  const text = combined.map((number) =>
    readFileSync(join(folder, `combined.${number}.log`), 'utf8'),
  )
  const lines = linesOf(text.join(''))
  t.same(
    lines.slice(-3).map((line) => line['message']),
    ['failed', 'last', 'last'],
  )
  const count = lines.length - 3
  t.same(
    lines.slice(0, -3).map((line) => line['line']),
    Array.from({ length: count }, (_, at) => 400 - count + at),
    'none is missing in between',
  )
  t.same(
    linesOf(readFileSync(join(folder, 'error.1.log'), 'utf8')).map((line) => line['message']),
    ['failed'],
  )
})

t.test('a process that ends at once leaves its lines', async (t) => {
  const folder = folderOf(t)
  const program = `require('sidelight').createModuleLogger('payments').error('failed'); process.exit(3)`
  const { code } = await runProgram(t, program, { env: { LOG_FILES_DIR: folder } })
  t.equal(code, 3)
  for (const kind of ['combined', 'error']) {
    t.match(readFileSync(join(folder, `${kind}.1.log`), 'utf8'), /"message":"failed"/)
  }
})

t.test('a folder nobody can write to, or a full disk, harms nothing', async (t) => {
  const folder = folderOf(t)
  writeFileSync(join(folder, 'file'), '')
  const program = `
    const log = require('sidelight').createModuleLogger('payments')
    let count = 0
    const timer = setInterval(() => {
      for (let at = 0; at < 1000; at++) log.info({ filler: 'x'.repeat(100) }, 'written')
      if (++count === 20) clearInterval(timer)
    }, 5)`
  const { code, stdout, stderr } = await runProgram(t, program, {
    env: { LOG_FILES_DIR: join(folder, 'file', 'folder') },
  })
  t.equal(code, 0)
  t.equal(linesOf(stdout).length, 20_000)
  t.match(stderr, /^(?:sidelight: cannot write log files to .*: ENOTDIR.*\n){1,2}$/)

  const full = `
    const fs = require('node:fs')
    const { write } = fs
    const isLog = (fd) => fs.readlinkSync('/proc/self/fd/' + fd).endsWith('.log')
    fs.write = (fd, ...given) => isLog(fd)
      ? given.at(-1)(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }))
      : write(fd, ...given)
    ${program}`
  const ended = await runProgram(t, full, { env: { LOG_FILES_DIR: join(folder, 'full') } })
  t.equal(ended.code, 0)
  t.equal(linesOf(ended.stdout).length, 20_000)
  t.match(ended.stderr, /^sidelight: cannot write log files to .*: ENOSPC.*\n$/)
})
