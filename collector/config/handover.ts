import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { BadValue } from './fault'
import { declare } from './key'
import { optional, type ValueType } from './value'

const NONE = 'off'

/** What applications leave for the collector when they end without it. */
export const HANDOVER_KEYS = {
  handoverDir: declare({
    env: 'SIDELIGHT_HANDOVER_DIR',
    path: 'ingest.handover_dir',
    type: optional<string>(folderOrNone()),
    fallback: null,
    description:
      "The folder in which applications leave what no collector took from them before they ended; theirs has to be the same. Not set: `sidelight-<user id>/handover` in the system's folder for temporary files, of the same user alone. `off`: none",
  }),
} as const

/** Where files are handed over, and whether somebody chose it. */
export interface HandoverPlace {
  readonly path: string
  readonly isChosen: boolean
}

/** Null when nothing is handed over. */
export function handoverPlaceOf(handoverDir: string | null): HandoverPlace | null {
  if (handoverDir === NONE) return null
  if (handoverDir !== null) return { path: handoverDir, isChosen: true }
  const user = process.getuid?.() ?? 'user'
  return { path: join(tmpdir(), `sidelight-${user}`, 'handover'), isChosen: false }
}

/** Two processes have to mean the same, whatever the working folder of each is. */
function folderOrNone(): ValueType<string> {
  return {
    allowed: `the absolute path of a folder, or ${NONE}`,
    isList: false,
    parse(value) {
      if (value !== NONE && !isAbsolute(value)) throw new BadValue('it is not an absolute path')
      return value
    },
    format: (value) => value,
  }
}
