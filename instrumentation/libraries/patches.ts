import type { ModulePatch } from '../modules/hook'

/**
 * The files of libraries that are changed when they are loaded. Kept apart from what changes them, so that an
 * application pays for the libraries it uses. Node's own http and fetch are in `builtin.ts`.
 */
export const PATCHES: readonly ModulePatch[] = []
