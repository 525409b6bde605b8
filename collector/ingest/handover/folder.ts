import { access, chmod, constants, lstat, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { explainDiskError } from '../spool/disk-error'

/** Where applications leave what no collector took from them. */
export interface HandoverFolder {
  readonly path: string
  /**
   * Whether somebody chose it, and so who else may write into it. What nobody chose lies where every user may write: it and
   * the folder it is in have to be this user's alone.
   */
  readonly isChosen: boolean
}

const PRIVATE_MODE = 0o700
const SHARED_MODE = 0o2770
const OTHERS = 0o077
const [OTHER_WRITE, STICKY, SETGID] = [0o002, 0o1000, 0o2000]

/** Makes the folder unless it is there. Returns why it cannot be used, null when it can. */
export async function prepareFolder({ path, isChosen }: HandoverFolder): Promise<string | null> {
  try {
    if (isChosen) await makeShared(path)
    const problem = isChosen
      ? await judge(path, isChosen)
      : ((await own(dirname(path))) ?? (await own(path)))
    if (problem !== null) return problem
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK)
    return null
  } catch (error) {
    const reason = explainDiskError(error, path)
    if (reason === null) throw error
    return reason
  }
}

/**
 * Makes a folder, and those around it, unless it is there: this user's alone, or its group's where the folder around it passes
 * its group on, as applications make it.
 */
export async function makeShared(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: PRIVATE_MODE })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(path) === path) throw error
    await makeShared(dirname(path))
    return makeShared(path)
  }
  if (((await lstat(path)).mode & SETGID) !== 0) await chmod(path, SHARED_MODE)
}

/** Makes a folder that is this user's alone. */
async function own(path: string): Promise<string | null> {
  await mkdir(path, { mode: PRIVATE_MODE }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  return judge(path, false)
}

async function judge(path: string, isChosen: boolean): Promise<string | null> {
  const stats = await lstat(path)
  if (stats.isSymbolicLink()) return `${path} is a symbolic link`
  if (!stats.isDirectory()) return `${path} is not a folder`
  if (isChosen) {
    const isOpen = (stats.mode & OTHER_WRITE) !== 0 && (stats.mode & STICKY) === 0
    return isOpen ? `everybody may remove files in ${path}, which has no sticky bit` : null
  }
  if (!isOwn(stats.uid)) return `${path} belongs to another user`
  if ((stats.mode & OTHERS) !== 0) await chmod(path, PRIVATE_MODE)
  return null
}

/** Whether a file or folder is this user's; where there are no such numbers, everything is. */
export function isOwn(uid: number): boolean {
  return process.getuid === undefined || process.getuid() === uid
}
