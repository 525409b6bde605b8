/**
 * The path of a file from the folder of its application on, so that it is the same on every machine. Where the sender said
 * that folder (`root`) it is cut off. Else fixed rules say where applications lie, none is learned from what was seen:
 * images have them in folders of known names, servers below such ones, people below their home.
 */
export function cutRoot(file: string, root: string | null): string {
  if (root !== null) {
    const folder = root.endsWith('/') ? root.slice(0, -1) : root
    if (folder !== '' && file.startsWith(folder) && file.charCodeAt(folder.length) === SLASH) {
      return file.slice(folder.length + 1)
    }
  }
  if (file.charCodeAt(0) !== SLASH) return file
  return cutRelease(file.slice(endOfRoot(file)))
}

/** Where the folders of applications themselves are; the longer before the shorter. */
const EXACT = [
  '/usr/src/app/',
  '/github/workspace/',
  '/home/node/app/',
  '/home/site/wwwroot/',
  '/var/task/',
  '/var/www/html/',
  '/workspace/',
  '/layers/',
  '/app/',
  '/code/',
]
/** Where each application has a folder of its own. */
const ABOVE = [
  '/inetpub/wwwroot/',
  '/srv/',
  '/opt/',
  '/var/www/',
  '/usr/src/',
  '/usr/local/',
  '/var/lib/',
  '/workspaces/',
  '/data/',
]
/** Where each person has a folder. */
const HOMES = ['/home/', '/Users/', '/users/']
/** What people call the folder that their projects are in. */
const SHELVES: ReadonlySet<string> = new Set([
  'code',
  'dev',
  'development',
  'documents',
  'desktop',
  'git',
  'github',
  'projects',
  'repos',
  'sites',
  'source',
  'work',
  'workspace',
  'ideaprojects',
  'webstormprojects',
])
/** Folders that an application has inside, so that none of them is its own. */
const INSIDE: ReadonlySet<string> = new Set([
  'api',
  'apps',
  'bin',
  'build',
  'dist',
  'lib',
  'libs',
  'out',
  'packages',
  'server',
  'services',
  'src',
  'test',
  'tests',
  '.next',
])
/** Where deployments keep several releases. */
const RELEASES: ReadonlySet<string> = new Set(['releases', 'current'])
const SLASH = 0x2f

function endOfRoot(file: string): number {
  if (!TOPS.has(file.slice(0, afterFolder(file, 1)))) return afterUnknown(file)
  for (const folder of EXACT) if (file.startsWith(folder)) return folder.length
  for (const folder of ABOVE) {
    if (file.startsWith(folder)) return afterProject(file, folder.length)
  }
  for (const folder of HOMES) {
    if (file.startsWith(folder)) return afterShelves(file, afterFolder(file, folder.length))
  }
  return file.startsWith('/root/') ? afterShelves(file, 6) : afterUnknown(file)
}

/** The first folders of all these. */
const TOPS: ReadonlySet<string> = new Set(
  [...EXACT, ...ABOVE, ...HOMES, '/root/'].map((folder) => folder.slice(0, afterFolder(folder, 1))),
)

/** Skips a project's folder; not one of those inside it or of those its releases are in, nor the file itself. */
function afterProject(file: string, at: number): number {
  const next = afterFolder(file, at)
  const name = file.slice(at, next - 1)
  return next === at || INSIDE.has(name) || RELEASES.has(name) ? at : next
}

/** `code/shop/src/a.js` and `shop/src/a.js` are the same; a runner of CI says the project twice. */
function afterShelves(file: string, start: number): number {
  let at = start
  for (let count = 0; count < 3; count++) {
    const next = afterFolder(file, at)
    if (next === at || !SHELVES.has(file.slice(at, next - 1).toLowerCase())) break
    at = next
  }
  const project = afterProject(file, at)
  const again = afterFolder(file, project)
  const name = file.slice(at, project)
  return again > project && file.slice(project, again) === name ? again : project
}

/** Of a folder nobody knows: from the first on that applications have inside, else the last two names. */
function afterUnknown(file: string): number {
  let at = 1
  for (let next = afterFolder(file, at); next > at; next = afterFolder(file, at)) {
    if (INSIDE.has(file.slice(at, next - 1))) return at
    at = next
  }
  const last = file.lastIndexOf('/')
  const before = last > 0 ? file.lastIndexOf('/', last - 1) : -1
  return Math.max(1, before + 1)
}

/** Behind the next slash, or `at` where there is none. */
function afterFolder(file: string, at: number): number {
  const slash = file.indexOf('/', at)
  return slash === -1 ? at : slash + 1
}

/** Deployments that keep several releases: `releases/20261126101500/`, `current/`. */
function cutRelease(path: string): string {
  if (path.startsWith('current/')) return path.slice(8)
  if (!path.startsWith('releases/')) return path
  const next = afterFolder(path, 9)
  return next === 9 ? path : path.slice(next)
}
