import type { Config } from '../config'
import { formatTokenCounts } from './token'

/** The effective configuration, a line a setting, with where it came from; secrets are masked. */
export function describeConfig(config: Config): string[] {
  const lines = [...config.texts.values()].map(({ env, text, source, place }) => {
    const origin = place === null ? source : `${source}, ${place}`
    return { setting: `${env}=${text}`, origin: text === '' ? 'not set' : origin }
  })
  const width = Math.min(60, Math.max(...lines.map(({ setting }) => setting.length)))
  return [
    ...lines.map(({ setting, origin }) => `${setting.padEnd(width)}  # ${origin}`),
    `# tokens: ${formatTokenCounts(config.tokens)}`,
  ]
}
