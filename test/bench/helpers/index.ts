import { join } from 'node:path'
import { startProgram } from '../instrumentation/process'
import { type Figure, median } from '../report'
import { benchLines } from './lines'

const BOOTSTRAP = join(__dirname, '..', '..', '..', 'dist', 'instrumentation', 'bootstrap.js')
const ROUNDS = 3

const WITH = { name: 'with the bootstrap', flags: ['--require', BOOTSTRAP], floor: 5 }
const WITHOUT = { name: 'without an SDK', flags: [], floor: 0.5 }

/**
 * What a call of each helper takes, with the bootstrap and without, each in processes of their own that send to a sink in
 * another. The calls are in `calls.cjs`.
 */
export async function benchHelpers(): Promise<Figure[]> {
  const node = process.execPath
  const sink = await startProgram<{ port: number }>(SINK, { node, flags: [], env: {} })
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${sink.said.port}`,
    SIDELIGHT_HANDOVER_DIR: 'off',
  }
  try {
    const figures: Figure[] = [...benchLines()]
    for (const { name, flags, floor } of [WITH, WITHOUT]) {
      const samples = new Map<string, number[]>()
      for (let round = 0; round < ROUNDS; round++) {
        const program = await startProgram<Said>(MEASURE, { node, flags, env })
        for (const [helper, micros] of Object.entries(program.said.micros)) {
          samples.set(helper, [...(samples.get(helper) ?? []), micros])
        }
        await program.end()
      }
      for (const [helper, micros] of samples) {
        const value = median(micros)
        const title = `${helper} ${name}`
        figures.push({ name: title, value, unit: 'µs', better: 'lower', floor, aim: null })
      }
    }
    return figures
  } finally {
    await sink.end()
  }
}

interface Said {
  readonly micros: Readonly<Record<string, number>>
}

const SINK = join('..', 'instrumentation', 'sink.cjs')
const MEASURE = join('..', 'helpers', 'measure.cjs')
