import { readFileSync } from 'node:fs'
import { findNearby } from '../nearby'
import type { Streams } from './output'

/** The commands, in the order they are shown, with what each does. */
export const COMMANDS = {
  start: 'run the collector: receive telemetry, keep it in Postgres, answer questions',
  check: 'print the effective configuration, secrets masked, without starting anything',
  migrate: 'bring the schema of the configured database up to date',
  login: 'print a link that opens the pages of the running collector, once and for ten minutes',
  sql: 'run SQL on the configured database: a prompt, or -c "select ..."',
} as const

export type CommandName = keyof typeof COMMANDS

/** The command a call names, null when it names none of ours. */
export function parseCommand(name: string | undefined): CommandName | null {
  return name !== undefined && Object.hasOwn(COMMANDS, name) ? (name as CommandName) : null
}

/** How the program is called. */
export function usage(): string {
  const commands = Object.entries(COMMANDS).map(([name, text]) => `  ${name.padEnd(9)}${text}`)
  return [
    'usage: sidelight <command> [options]',
    '',
    ...commands,
    '',
    '  --help     print this',
    '  --version  print the version',
    '',
    'Settings come from the environment and the file SIDELIGHT_CONFIG names; README.md lists them.',
    '',
  ].join('\n')
}

/** The version of this package. */
export function readVersion(): string {
  const file = findNearby(__dirname, 'package.json')
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
  return version
}

/** Answers a call that names no command: asked for help or the version 0, anything else 2 and how to call. */
export function runHelp(
  args: readonly string[],
  { stdout, stderr }: Pick<Streams, 'stdout' | 'stderr'>,
): number {
  const [first] = args
  if (first === '--version' || first === '-v') {
    stdout.write(`${readVersion()}\n`)
    return 0
  }
  if (first === '--help' || first === '-h' || first === 'help') {
    stdout.write(usage())
    return 0
  }
  const problem = first === undefined ? 'a command is missing' : `there is no command "${first}"`
  stderr.write(`${problem}\n\n${usage()}`)
  return 2
}
