import fs from 'node:fs'
import { join } from 'node:path'

/**
 * The folders of packages and of all they depend on, as the lock file has them, relative to `root`.
 *
 * @param {string[]} names
 * @param {string} root
 */
export function installedWith(names, root) {
  const { packages } = JSON.parse(fs.readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const found = new Set()
  const visit = (name, from) => {
    const path = locate(name, from, packages)
    if (path === undefined)
      throw new Error(`${name}, which ${from || 'the demo'} needs, is missing`)
    if (found.has(path)) return
    found.add(path)
    for (const one of Object.keys(packages[path].dependencies ?? {})) visit(one, path)
  }
  for (const name of names) visit(name, '')
  return [...found].sort()
}

/** As Node looks for it: in the package that asks, then in those around it. */
function locate(name, from, packages) {
  for (let folder = from; ; folder = folder.slice(0, folder.lastIndexOf('/node_modules/'))) {
    const path = join(folder, 'node_modules', name)
    if (packages[path] !== undefined) return path
    if (!folder.includes('/node_modules/')) break
  }
  const path = join('node_modules', name)
  return packages[path] === undefined ? undefined : path
}
