/** What a failure of the disk means; null when it is none, but a fault of our own. */
export function explainDiskError(error: unknown, folder: string): string | null {
  const { code } = error as NodeJS.ErrnoException
  if (code === undefined || !(error instanceof Error)) return null
  return `${REASONS[code] ?? 'its disk fails'} (${folder}: ${error.message})`
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'a file may not grow so large',
  EROFS: 'the file system is read-only',
  EACCES: 'the folder may not be written',
  EPERM: 'the folder may not be written',
  ENOTDIR: 'a file is in the way of its folder',
  EEXIST: 'a file is in the way of its folder',
  ENOENT: 'its folder is gone',
  EMFILE: 'no more files can be opened',
  ENFILE: 'no more files can be opened',
}
