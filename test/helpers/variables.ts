import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** The variables that the bootstrap reads; without the signal in the names of OTLP, where each has its own. */
export function variablesOfBootstrap(): string[] {
  const program = join(__dirname, '..', 'fixtures', 'applications', 'variables.cjs')
  const output = execFileSync(process.execPath, [program], { encoding: 'utf8', stdio: 'pipe' })
  const names = output.split('\n').filter((name) => /^(OTEL|SIDELIGHT)_/.test(name))
  const general = names.map((name) =>
    name.endsWith('_TEMPORALITY_PREFERENCE')
      ? name
      : name.replace(/^OTEL_EXPORTER_OTLP_(TRACES|METRICS|LOGS)_/, 'OTEL_EXPORTER_OTLP_'),
  )
  return [...new Set(general)].sort()
}
