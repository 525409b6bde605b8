import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Where a file or folder lies that comes with the code, found from `from` upwards: the code may be where it was written, where
 * the compiler put it, or in one file beside it. Throws when there is none.
 */
export function findNearby(from: string, name: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, name)
    if (existsSync(path)) return path
    if (dirname(folder) === folder) throw new Error(`cannot find ${name} around ${from}`)
  }
}
