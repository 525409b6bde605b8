import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The name of this service: `OTEL_SERVICE_NAME`, else `service.name` of `OTEL_RESOURCE_ATTRIBUTES`, else that of its package. */
export function serviceName(): string {
  known ??= nameOfEnvironment(process.env) ?? nameOfPackage() ?? 'unknown_service:node'
  return known
}

let known: string | undefined

function nameOfEnvironment(env: NodeJS.ProcessEnv): string | undefined {
  const name = env['OTEL_SERVICE_NAME']?.trim()
  if (name !== undefined && name !== '') return name
  for (const pair of (env['OTEL_RESOURCE_ATTRIBUTES'] ?? '').split(',')) {
    const [key, value] = pair.split('=', 2)
    if (key?.trim() === 'service.name' && value !== undefined) return decode(value.trim())
  }
  return undefined
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text) || undefined
  } catch {
    return undefined
  }
}

/** Of the nearest package.json with a name above the entry file; above the working directory for a tool out of node_modules. */
function nameOfPackage(): string | undefined {
  const entry = process.argv[1]
  const isOwnFile = entry !== undefined && !/[\\/]node_modules[\\/]/.test(entry)
  try {
    for (let at = isOwnFile ? dirname(entry) : process.cwd(); ; at = dirname(at)) {
      const name = nameIn(join(at, 'package.json'))
      if (name !== undefined) return name
      if (dirname(at) === at) return undefined
    }
  } catch {
    // The working directory is gone.
    return undefined
  }
}

function nameIn(path: string): string | undefined {
  try {
    const { name } = JSON.parse(readFileSync(path, 'utf8')) as { name?: unknown }
    return typeof name === 'string' && name !== '' ? name : undefined
  } catch {
    return undefined
  }
}
