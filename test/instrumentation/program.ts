import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Ended, install, launch, type LaunchOptions } from './application'

export type Line = Record<string, unknown>

/** The lines of a logger. */
export function linesOf(text: string): Line[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}

interface Test {
  teardown(fn: () => Promise<void> | void): void
}

/** Runs a program that imports the package the way users do, without the bootstrap unless flags say so. */
export function runProgram(t: Test, program: string, options: LaunchOptions = {}): Promise<Ended> {
  const folder = install(t, 'module-loggers.cjs')
  writeFileSync(join(folder, 'program.cjs'), program)
  return launch(t, join(folder, 'program.cjs'), { cwd: folder, flags: [], ...options }).ended
}

/** A folder that is gone when the test is. */
export function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-lines-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}
