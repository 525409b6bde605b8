import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { dataFolder, freePorts } from '../helpers/collector'
import { withDatabase } from '../helpers/postgres'
import { until } from '../helpers/until'
import { ROOT } from './objects'
import { type Block, blocksOf, patternOf } from './page'
import { type Place, Shell, Terminal } from './terminal'

t.setTimeout(480_000)

const SEEN_TIMEOUT_MS = 120_000
/**
 * What an application says where the machine is busy for the two seconds that its end may take. What it could not send the
 * collector takes from its folder, so that all else is as the page says.
 */
const LATE =
  /^sidelight: (?:the collector has not answered in time|cannot deliver .*: no answer within \d+ ms)\n/gm
const PORTS = ['4317', '4318', '4319']
/**
 * What the word after `sh` means. None: it is run in its turn; `terminal` in a terminal of its own, until Ctrl-C at the end of
 * the section; `addresses` first in each of them, with others in place of those it shows; the rest needs what is not here.
 */
const ELSEWHERE: Readonly<Record<string, string>> = { docker: 'docker', kubernetes: 'kubectl' }
const KINDS = [undefined, 'terminal', 'addresses', ...Object.keys(ELSEWHERE)]

const blocks = blocksOf(readFileSync(join(ROOT, 'deploy', 'quickstart.md'), 'utf8'))

/** A clone with what is in the working tree, prepared as after a first start. */
function clone(t: Test): string {
  const folder = join(dataFolder(t), 'sidelight')
  const options = { cwd: ROOT, encoding: 'utf8' } as const
  const listed = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  for (const path of execFileSync('git', listed, options).split('\0').filter(Boolean)) {
    if (path.startsWith('test/')) continue
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    cpSync(join(ROOT, path), join(folder, path))
  }
  cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

function placeIn(folder: string): Place {
  const { PATH = '', HOME = '' } = process.env
  const aside = dirname(folder)
  mkdirSync(join(aside, 'tmp'), { recursive: true })
  // What applications leave for a collector lies in the folder for temporary files.
  return { folder, env: { PATH, HOME, TMPDIR: join(aside, 'tmp') }, scripts: join(aside, 'typed') }
}

interface Adapt {
  commands(text: string): string
  shown(text: string): string
}

/** Goes through a section as its reader does, and compares what is seen with what it says one sees. */
async function follow(t: Test, place: Place, section: readonly Block[], adapt: Adapt) {
  const addresses = adapt.commands(addressesUntil(section.at(-1)))
  const shell = new Shell(place)
  const terminals: Terminal[] = []
  try {
    await shell.run(addresses)
    for (const [at, { info, text }] of section.entries()) {
      if (info[0] !== 'sh' || info[1] === 'addresses') continue
      const next = section[at + 1]
      const shown = next?.info[0] === 'text' ? patternOf(adapt.shown(next.text)) : '[^]*'
      if (info[1] === 'terminal') {
        const terminal = new Terminal(place, addresses + text)
        terminals.push(terminal)
        await untilSeen(terminal, new RegExp(`^${shown}$`, 'm'), text)
      } else {
        const pattern = new RegExp(`^${shown}$`)
        if (!t.match(await ask(shell, text, pattern), pattern, text)) return
      }
    }
  } finally {
    for (const terminal of terminals.reverse()) await terminal.pressCtrlC()
    await shell.end()
  }
}

/** What the page says up to a block of where everything is. */
function addressesUntil(last: Block | undefined): string {
  const read = blocks.slice(0, blocks.findIndex((block) => block === last) + 1)
  return read.flatMap(({ info, text }) => (info[1] === 'addresses' ? [text] : [])).join('')
}

async function untilSeen(terminal: Terminal, pattern: RegExp, commands: string): Promise<void> {
  const isSeen = () => {
    if (pattern.test(terminal.output())) return true
    if (terminal.hasEnded()) throw new Error(`it ended: ${commands}\n${terminal.output()}`)
    return false
  }
  await until(isSeen, SEEN_TIMEOUT_MS, `what the page shows of: ${commands}`).catch(
    (error: Error) => {
      throw new Error(`${error.message}\n${terminal.output()}`)
    },
  )
}

/** What commands print; asked again while it is not what is expected, for telemetry takes its time. */
async function ask(shell: Shell, commands: string, pattern: RegExp): Promise<string> {
  const deadline = performance.now() + SEEN_TIMEOUT_MS
  for (;;) {
    const said = (await shell.run(commands)).replaceAll(LATE, '').trimEnd()
    if (pattern.test(said) || performance.now() > deadline) return said
  }
}

t.test('every command is run by a test, or needs an engine or a cluster', async (t) => {
  for (const { info, text } of blocks) {
    const [language = '', kind] = info
    t.ok(language === 'text' || (language === 'sh' && KINDS.includes(kind)), info.join(' '))
    const command = ELSEWHERE[kind ?? '']
    if (command === undefined) continue
    const lines = text.replaceAll('\\\n', ' ').trimEnd().split('\n')
    for (const line of lines) t.ok(line.startsWith(`${command} `), line)
  }
})

t.test('what the page says of a laptop and of a Postgres is so', async (t) => {
  const { connectionString } = await withDatabase(t, { migrated: false })
  const ports = (await freePorts(PORTS.length)).map(String)
  const move = (text: string) =>
    text.replaceAll(/(?<=127\.0\.0\.1:)431[789]/g, (port) => ports[PORTS.indexOf(port)] ?? port)
  const adapt = {
    commands: (text: string) => move(text.replace(/postgresql:\/\/\S+/, connectionString)),
    shown: move,
  }
  const place = placeIn(clone(t))
  for (const name of ['With Node alone', 'With your own Postgres']) {
    const section = blocks.filter((block) => block.section === name)
    t.ok(section.length > 3, name)
    await follow(t, place, section, adapt)
  }
})
