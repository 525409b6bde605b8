import { setTimeout as wait } from 'node:timers/promises'
import { containerOf, podOf, readRendered, valuesOf } from '../deploy/objects'
import { ADMIN_TOKEN, type RunningCollector } from '../helpers/collector'
import { traces } from '../helpers/otlp'
import { residentMebibytes } from './process-cost'
import type { Figure } from './report'

const TRACES = 8
/** As many as an answer has. */
const SPANS = 10_000
const ATTRIBUTES = 12
const ASKERS = 16
const LOAD_MS = 20_000
const CALM_MS = 2_000

/** What of the environment of the API in deploy/kubernetes/ is about its size, and its roles. */
export function answeringSizes(): NodeJS.ProcessEnv {
  const pod = podOf(readRendered('example'), 'Deployment', 'sidelight-api')
  const { NODE_OPTIONS, SIDELIGHT_ROLES, SIDELIGHT_DATABASE_CONNECTIONS } = valuesOf(
    containerOf(pod, 'sidelight'),
  )
  return { NODE_OPTIONS, SIDELIGHT_ROLES, SIDELIGHT_DATABASE_CONNECTIONS }
}

const traceIdOf = (index: number) => `5199${String(index).padStart(28, '0')}`

/** Sends the traces that are asked for: as large as an answer may be. */
export async function fillLargeTraces({ otlpUrl }: RunningCollector): Promise<void> {
  const names = Array.from({ length: ATTRIBUTES }, (_, index) => `app.attribute.${index}`)
  for (let index = 0; index < TRACES; index++) {
    const traceId = traceIdOf(index)
    const spans = Array.from({ length: SPANS / 10 }, (_, at) => ({
      traceId,
      attributes: Object.fromEntries(names.map((name) => [name, `a value of ${name} and ${at}`])),
    }))
    for (let part = 0; part < 10; part++) {
      const response = await fetch(`${otlpUrl}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf' },
        body: new Uint8Array(traces({ service: 'large', spans })),
      })
      if (!response.ok) throw new Error(`the collector answered ${response.status}`)
    }
  }
}

/** The most memory of what answers, with the sizes of the API's pod, when everybody asks for large traces. */
export async function benchAnswers(collector: RunningCollector): Promise<Figure[]> {
  await wait(CALM_MS)
  const idleMib = residentMebibytes(collector.pid).now
  const endMs = performance.now() + LOAD_MS
  let asked = 0
  const one = async () => {
    while (performance.now() < endMs) {
      const path = `/api/admin/observability/traces/${traceIdOf(asked++ % TRACES)}`
      const response = await fetch(`${collector.apiUrl}${path}`, {
        headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      })
      await response.arrayBuffer()
      // Asked too often, it says so.
      if (!response.ok && response.status !== 503) {
        throw new Error(`the API answered ${response.status} to ${path}`)
      }
    }
  }
  await Promise.all(Array.from({ length: ASKERS }, one))
  const peakMib = residentMebibytes(collector.pid).peak
  const figure = (name: string, value: number, floor: number): Figure => {
    return { name: `sizing: ${name}`, value, unit: 'MiB', better: 'lower', floor, aim: null }
  }
  return [
    figure('API RSS idle', idleMib, 120),
    figure(`API RSS, most, ${ASKERS} ask for traces of ${SPANS} spans`, peakMib, 448),
  ]
}
