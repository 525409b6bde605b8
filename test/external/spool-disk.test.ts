import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import t from 'tap'
import { spoolFolder } from '../ingest/spools'

const CHILD = join(__dirname, '../helpers/spool-disk-child.ts')
const MAKE_DISK = 'mkdir "$DISK" && mount -t tmpfs -o size=4m none "$DISK"'

/** What the child says on a disk of its own, made so. Needs Linux and the right to mount. */
function runOnDisk(disk: string, prepare: string, args: readonly string[]) {
  const run = `${MAKE_DISK} && ${prepare} && exec "$@"`
  const output = execFileSync(
    'unshare',
    [
      ...['--map-root-user', '--mount', 'sh', '-c', run, 'sh'],
      ...[process.execPath, '--import', 'tsx', CHILD, join(disk, 'spool'), ...args],
    ],
    {
      encoding: 'utf8',
      cwd: dirname(dirname(__dirname)),
      env: { ...process.env, NODE_OPTIONS: '', DISK: disk },
    },
  )
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

t.test('a full disk is refused, named, and used again when there is room', async (t) => {
  const disk = spoolFolder(t)
  const fill = 'head -c 2000000 /dev/zero > "$DISK/ballast"'
  const [full, after] = runOnDisk(disk, fill, ['50000', join(disk, 'ballast')])
  t.ok(Number(full?.taken) > 30)
  t.match(full?.refusal, /^the spool cannot be written: the disk is full/)
  t.match(full?.lines, [/^the spool takes nothing: the spool cannot be written: the disk is full/])
  t.equal(after?.handedOut, full?.taken, 'all that was acknowledged is there')
  t.match(after?.lines, [/^the spool takes nothing/, /^the spool takes requests again, after/])
})

t.test('a read-only disk is refused and named, and stops nobody from starting', async (t) => {
  const [found] = runOnDisk(spoolFolder(t), 'mount -o remount,ro "$DISK"', ['1000'])
  t.equal(found?.taken, 0)
  t.match(found?.refusal, /^the spool cannot be written: the file system is read-only/)
  t.match(found?.failures, [/^Unavailable: cannot spool the request: the spool cannot be written/])
  t.equal((found?.lines as string[]).length, 1)
})

t.test('a spool on a full disk can be drained, which makes room', async (t) => {
  const [full, after] = runOnDisk(spoolFolder(t), 'true', ['50000', 'settle'])
  t.match(full?.refusal, /^the spool cannot be written: the disk is full/)
  t.equal(after?.handedOut, full?.taken)
  t.equal(after?.records, 0)
  t.match(after?.lines, [/^the spool takes nothing/, /^the spool takes requests again, after/])
})
