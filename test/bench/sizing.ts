import { setTimeout as wait } from 'node:timers/promises'
import { SIGNALS } from '../../collector/otlp/signal'
import { containerOf, podOf, readRendered, valuesOf } from '../deploy/objects'
import type { RunningCollector } from '../helpers/collector'
import { exportRequest } from '../helpers/export-request'
import { residentMebibytes } from './process-cost'
import { Renewal } from './renewal'
import type { Figure } from './report'
import { benchRequests } from './workload'

const CONNECTIONS = 16
const BODIES = 50
const LOAD_MS = 20_000
/** Of one request of those that ask the most; 1.6 MiB. */
const MANY_SPANS = 30_000
const CALM_MS = 2_000

/** What of a sidecar's environment in deploy/kubernetes/ is about its size. */
export function sidecarSizes(): NodeJS.ProcessEnv {
  const pod = podOf(readRendered('example'), 'Deployment', 'shop')
  const { NODE_OPTIONS, ...values } = valuesOf(containerOf(pod, 'sidelight'))
  const sizes = Object.entries(values).filter(([name]) => name.endsWith('_BYTES'))
  return { ...Object.fromEntries(sizes), NODE_OPTIONS, SIDELIGHT_HOST_METRICS: 'on' }
}

/** The most memory of a collector with the sizes of the sidecar; test/deploy/sizing.test.ts has these figures. */
export async function benchSizing(collector: RunningCollector): Promise<Figure[]> {
  await wait(CALM_MS)
  const idleMib = residentMebibytes(collector.pid).now
  const madeMs = Date.now()
  const requests = SIGNALS.flatMap((signal) =>
    benchRequests(signal, BODIES).map(({ payload }) => {
      return { signal, renewal: new Renewal(signal, payload.protobuf, madeMs) }
    }),
  )
  await flood(collector, (sent) => {
    const { signal, renewal } = requests[sent % requests.length]!
    return { signal, body: renewal.renew(sent, Date.now()) }
  })
  const loadMib = residentMebibytes(collector.pid).peak
  await flood(collector, (sent) => {
    const service = `of request ${sent % CONNECTIONS}`
    return { signal: 'traces', body: exportRequest('traces', { service, count: MANY_SPANS }) }
  })
  const worstMib = residentMebibytes(collector.pid).peak
  const figure = (name: string, value: number, floor: number): Figure => {
    return { name: `sizing: ${name}`, value, unit: 'MiB', better: 'lower', floor, aim: null }
  }
  return [
    figure('sidecar RSS idle', idleMib, 90),
    figure('sidecar RSS under full load, most', loadMib, 160),
    figure(`sidecar RSS, most, ${CONNECTIONS} requests of ${MANY_SPANS} spans`, worstMib, 240),
  ]
}

type Next = (sent: number) => { readonly signal: string; readonly body: Uint8Array }

/** As many requests as are taken, stored or refused alike. */
async function flood({ otlpUrl }: RunningCollector, next: Next): Promise<void> {
  const endMs = performance.now() + LOAD_MS
  let sent = 0
  const one = async () => {
    while (performance.now() < endMs) {
      const { signal, body } = next(sent++)
      const response = await fetch(`${otlpUrl}/v1/${signal}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf' },
        body: new Uint8Array(body),
      })
      await response.arrayBuffer()
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, one))
}
