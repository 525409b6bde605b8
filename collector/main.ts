#!/usr/bin/env node
import { runCheck } from './cli/check'
import { type CommandName, parseCommand, runHelp } from './cli/help'
import { runMigrate } from './cli/migrate'
import { runSql } from './cli/sql'
import { runStart } from './cli/start'

/** What each command does with the arguments after its name; it resolves to the exit code. */
const RUN: Record<CommandName, (args: readonly string[]) => number | Promise<number>> = {
  start: () => runStart(process.env, process),
  check: () => runCheck(process.env, process.stdout, process.stderr),
  migrate: () => runMigrate(process.env, process),
  sql: (args) => runSql(args, process.env, process),
}

void main(process.argv.slice(2))

/** Leaves when the output has been taken, which for a pipe is later than it was written. */
async function main([name, ...args]: readonly string[]): Promise<void> {
  const command = parseCommand(name)
  const code =
    command === null ? runHelp(name === undefined ? [] : [name], process) : await RUN[command](args)
  await Promise.all([process.stdout, process.stderr].map((stream) => flushed(stream)))
  process.exit(code)
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || !stream.writable) resolve()
    else stream.write('', () => resolve())
  })
}
