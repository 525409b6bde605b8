import type { Config } from '../config'
import { showGrouping } from './grouping'
import { handoverPlaceOf } from './handover'
import { pathOf } from './override'
import { formatTokenCounts } from './token'

/** The effective configuration, a line a setting, with where it came from; secrets are masked. */
export function describeConfig(config: Config): string[] {
  const settings = [...config.texts.values()].map(({ env, text, source, place }) => {
    const origin = place === null ? source : `${source}, ${place}`
    return { setting: `${env}=${text}`, origin: text === '' ? 'not set' : origin }
  })
  const overrides = config.overrides.flatMap((override) =>
    [...override.texts].map(([name, { text, place }]) => {
      return { setting: `# ${pathOf(override, name)}=${text}`, origin: `file, ${place}` }
    }),
  )
  const grouping = showGrouping(config.grouping).map(({ text, place }) => {
    return { setting: `# ${text}`, origin: `file, ${place}` }
  })
  const lines = [...settings, ...overrides, ...grouping]
  const width = Math.min(60, Math.max(...lines.map(({ setting }) => setting.length)))
  return [
    ...lines.map(({ setting, origin }) => `${setting.padEnd(width)}  # ${origin}`),
    `# tokens: ${formatTokenCounts(config.tokens)}`,
    `# files are handed over in: ${handoverPlaceOf(config.handoverDir)?.path ?? 'no folder'}`,
  ]
}
