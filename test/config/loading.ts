import { ConfigError, loadConfig } from '../../collector/config'

export const TOKEN = 'a-token-of-24-characters'
export const OTHER = 'b-token-of-24-characters'

/** Loads an environment, with `yaml` as its configuration file. */
export function load(env: NodeJS.ProcessEnv, yaml?: string) {
  const withFile = yaml === undefined ? env : { SIDELIGHT_CONFIG: 'sidelight.yaml', ...env }
  return loadConfig(withFile, { cwd: '/srv', readFile: () => yaml ?? '' })
}

/** The faults of what cannot be loaded. */
export function faultsOf(env: NodeJS.ProcessEnv, yaml?: string) {
  try {
    load(env, yaml)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  throw new Error('there was no fault')
}
