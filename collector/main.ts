#!/usr/bin/env node
import { type CommandName, parseCommand, runHelp } from './cli/help'

/** What each command does with the arguments after its name; it resolves to the exit code. Only what is run is loaded. */
const RUN: Record<CommandName, (args: readonly string[]) => Promise<number>> = {
  start: async () => (await import('./cli/start.js')).runStart(process.env, process),
  check: async () =>
    (await import('./cli/check.js')).runCheck(process.env, process.stdout, process.stderr),
  migrate: async () => (await import('./cli/migrate.js')).runMigrate(process.env, process),
  login: async () => (await import('./cli/login.js')).runLogin(process.env, process),
  sql: async (args) => (await import('./cli/sql.js')).runSql(args, process.env, process),
}

void main(process.argv.slice(2))

/** Leaves when the output has been taken, which for a pipe is later than it was written. */
async function main([name, ...args]: readonly string[]): Promise<void> {
  const code = await run(name, args)
  await Promise.all([process.stdout, process.stderr].map((stream) => flushed(stream)))
  process.exit(code)
}

async function run(name: string | undefined, args: readonly string[]): Promise<number> {
  const command = parseCommand(name)
  if (command === null) return runHelp(name === undefined ? [] : [name], process)
  const [extra] = args
  if (command === 'sql' || extra === undefined) return RUN[command](args)
  if (extra === '--help' || extra === '-h') return runHelp([extra], process)
  process.stderr.write(`sidelight ${command} takes no arguments, and was given ${extra}\n`)
  return 2
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || !stream.writable) resolve()
    else stream.write('', () => resolve())
  })
}
