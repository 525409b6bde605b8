import type { ValueType } from './value'

/** One setting. README's table of keys is checked against these declarations. */
export interface Key<T> {
  /** The environment variable. */
  readonly env: string
  /** The path in the configuration file, with dots; null for what only the environment can say. */
  readonly path: string | null
  readonly type: ValueType<T>
  /** What holds when nothing is said. */
  readonly fallback: T
  /** The unit of a plain number, else null. */
  readonly unit: string | null
  /** Secrets are masked wherever they would be shown. */
  readonly isSecret: boolean
  /** The variable is not ours alone: one that cannot be read is passed over with a warning. */
  readonly isShared: boolean
  readonly description: string
}

/** Bytes, as sizes are declared with. */
export const KIB = 1024
export const MIB = 1024 * KIB
export const GIB = 1024 * MIB

type Declaration<T> = Pick<Key<T>, 'env' | 'path' | 'type' | 'fallback' | 'description'> &
  Partial<Pick<Key<T>, 'unit' | 'isSecret' | 'isShared'>>

/** A setting of which `unit`, `isSecret` and `isShared` may be left out. */
export function declare<T>(declaration: Declaration<T>): Key<T> {
  return { unit: null, isSecret: false, isShared: false, ...declaration }
}
