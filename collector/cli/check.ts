import type { Writable } from 'node:stream'
import { describeConfig, loadConfig } from '../config'
import { readCertificates } from '../config/certificates'
import { explainError } from './failure'

/**
 * `sidelight check`: prints the effective configuration and its warnings, secrets masked. Returns the exit code: 0, or 2
 * after printing every fault to `stderr`.
 */
export function runCheck(env: NodeJS.ProcessEnv, stdout: Writable, stderr = stdout): number {
  try {
    const config = loadConfig(env)
    readCertificates(config)
    const warnings = config.warnings.map((warning) => `# warning: ${warning}`)
    stdout.write(`${[...describeConfig(config), ...warnings].join('\n')}\n`)
    return 0
  } catch (error) {
    const { text, exitCode } = explainError(error)
    stderr.write(`${text}\n`)
    return exitCode
  }
}
