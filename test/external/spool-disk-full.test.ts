import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import t from 'tap'
import { spoolFolder } from '../ingest/spools'

const CHILD = join(__dirname, '../helpers/spool-disk-child.ts')
/** A disk of its own for the command behind it, with a file that can be removed to make room. Needs Linux and the right to mount. */
const WITH_SMALL_DISK = `
  mkdir "$DISK" && mount -t tmpfs -o size=4m none "$DISK" && head -c 2000000 /dev/zero > "$DISK/ballast" && exec "$@"`

t.test('a full disk is refused, named, and used again when there is room', async (t) => {
  const disk = spoolFolder(t)
  const output = execFileSync(
    'unshare',
    [
      ...['--map-root-user', '--mount', 'sh', '-c', WITH_SMALL_DISK, 'sh'],
      ...[
        process.execPath,
        '--import',
        'tsx',
        CHILD,
        join(disk, 'spool'),
        '50000',
        join(disk, 'ballast'),
      ],
    ],
    {
      encoding: 'utf8',
      cwd: dirname(dirname(__dirname)),
      env: { ...process.env, NODE_OPTIONS: '', DISK: disk },
    },
  )
  const [full, after] = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  t.ok(Number(full?.taken) > 30)
  t.match(full?.refusal, /^the spool cannot be written: the disk is full/)
  t.match(full?.lines, [/^the spool takes nothing: the spool cannot be written: the disk is full/])
  t.equal(after?.taken, Number(full?.taken) + 1)
  t.equal(after?.handedOut, after?.taken, 'all that was acknowledged is there')
  t.match(after?.lines, [/^the spool takes nothing/, /^the spool takes requests again, after/])
})
