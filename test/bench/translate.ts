import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Figure } from './report'

const PROJECT = join(__dirname, 'tsconfig.translate.json')
const OUTPUT = join(__dirname, '..', '..', 'node_modules', '.cache', 'sidelight-bench')

/**
 * The figures of `translate-rounds.ts`, compiled as the collector is and in a process of its own: under the loader of the
 * bench every constant of another module is behind a getter, which costs the translators two fifths of their speed.
 */
export async function benchTranslate(): Promise<Figure[]> {
  const run = async (...args: string[]) =>
    (await promisify(execFile)(process.execPath, args)).stdout
  try {
    await run(require.resolve('typescript/bin/tsc'), '-p', PROJECT)
    return JSON.parse(await run(join(OUTPUT, 'test', 'bench', 'translate-rounds.js'))) as Figure[]
  } finally {
    rmSync(OUTPUT, { recursive: true, force: true })
  }
}
