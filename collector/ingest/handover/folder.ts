import { access, chmod, constants, lstat, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { explainDiskError } from '../spool/disk-error'
import { makeFolder } from '../spool/files'

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
const OTHERS = 0o077

/** Makes the folder unless it is there. Returns why it cannot be used, null when it can. */
export async function prepareFolder({ path, isChosen }: HandoverFolder): Promise<string | null> {
  try {
    if (isChosen) await makeFolder(path)
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
  if (isChosen) return null
  if (!isOwn(stats.uid)) return `${path} belongs to another user`
  if ((stats.mode & OTHERS) !== 0) await chmod(path, PRIVATE_MODE)
  return null
}

/** Whether a file or folder is this user's; where there are no such numbers, everything is. */
export function isOwn(uid: number): boolean {
  return process.getuid === undefined || process.getuid() === uid
}
