import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { join } from 'node:path'
import { type Figure, median } from '../report'

const ROUNDS = 7

const COMPARED = [
  { name: 'module logger line / bare pino', shape: 'flat', bare: 'bare', floor: 1.1 },
  { name: 'the same, bare pino with our clock', shape: 'flat', bare: 'clock', floor: null },
  { name: 'the same with nested fields', shape: 'nested', bare: 'bare', floor: null },
]

/**
 * What a line of a module logger takes, redaction and request context included, as a multiple of what the same line of a bare pino
 * takes. Both write to the null device, each in a process of its own, in turn.
 */
export function benchLines(): Figure[] {
  return COMPARED.map(({ name, shape, bare, floor }) => {
    const ratios: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const of = round % 2 === 0 ? ['ours', bare] : [bare, 'ours']
      const nanos = new Map(of.map((kind) => [kind, nanosOf(kind, shape)]))
      ratios.push((nanos.get('ours') ?? 0) / (nanos.get(bare) ?? 0))
    }
    return { name, value: median(ratios), unit: 'x', better: 'lower', floor, aim: null }
  })
}

function nanosOf(kind: string, shape: string): number {
  const stdout = openSync(devNull, 'w')
  try {
    const { PATH, HOME } = process.env
    const { stderr } = spawnSync(process.execPath, [join(__dirname, 'line.cjs'), kind, shape], {
      env: {
        PATH,
        HOME,
        OTEL_SERVICE_NAME: 'shop',
        OTEL_RESOURCE_ATTRIBUTES: 'service.version=1.0.0',
      },
      stdio: ['ignore', stdout, 'pipe'],
      encoding: 'utf8',
    })
    return (JSON.parse(stderr) as { nanos: number }).nanos
  } finally {
    closeSync(stdout)
  }
}
