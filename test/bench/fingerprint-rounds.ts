/**
 * Measures how long a fingerprint takes, in this process, and prints the figures as JSON: of stacks of 20 frames, of which a
 * third each are of the application, of packages and of the runtime: such as were seen before, and such of which no line was;
 * and of a chain of three.
 */
import { type ErrorReport, fingerprint } from '../../collector/translate/fingerprint/fingerprint'
import { NO_RULES } from '../../collector/translate/fingerprint/rules'
import { type Figure, median } from './report'

const SEEN_STACKS = 50
/** So many that their lines are forgotten before they come again. */
const UNSEEN_STACKS = 2_000
const ROUNDS = 15
const ROUND_MS = 100
const FRAMES = 20

main()

function main(): void {
  const single = Array.from({ length: SEEN_STACKS }, (_, index) => reportOf(index, 1))
  const unseen = Array.from({ length: UNSEEN_STACKS }, (_, index) => reportOf(index, 1))
  const chained = Array.from({ length: SEEN_STACKS }, (_, index) => reportOf(index, 3))
  for (const reports of [single, unseen, chained]) microsPerReport(reports, 5 * ROUND_MS)
  const rounds = Array.from({ length: ROUNDS }, () => [
    microsPerReport(single, ROUND_MS),
    microsPerReport(unseen, ROUND_MS),
    microsPerReport(chained, ROUND_MS),
  ])
  const common = { unit: 'µs', better: 'lower' } as const
  const figures: Figure[] = [
    {
      ...common,
      name: `fingerprint of ${FRAMES} frames`,
      value: median(rounds.map(([value]) => value!)),
      floor: 25,
      aim: 10,
    },
    {
      ...common,
      name: `fingerprint of ${FRAMES} frames never seen before`,
      value: median(rounds.map(([, value]) => value!)),
      floor: null,
      aim: null,
    },
    {
      ...common,
      name: `fingerprint of a chain of 3, ${FRAMES} frames each`,
      value: median(rounds.map(([, , value]) => value!)),
      floor: null,
      aim: null,
    },
  ]
  process.stdout.write(`${JSON.stringify(figures)}\n`)
}

/** Of processor time, the collection of garbage included. */
function microsPerReport(reports: readonly ErrorReport[], forMs: number): number {
  const began = process.cpuUsage()
  let count = 0
  let elapsedMicros = 0
  while (elapsedMicros < forMs * 1_000) {
    for (const report of reports) if (fingerprint(report, NO_RULES).hash !== '') count++
    const { user, system } = process.cpuUsage(began)
    elapsedMicros = user + system
  }
  return elapsedMicros / count
}

function reportOf(index: number, exceptions: number): ErrorReport {
  const chain = Array.from({ length: exceptions }, (_, depth) => {
    return `ValidationError: ${messageOf(index, depth)}\n${framesOf(index + depth)}`
  })
  return {
    kind: 'exception',
    tenant: 'team-a',
    namespace: 'shop',
    service: 'checkout',
    module: 'orders',
    operation: 'POST /orders',
    type: 'ValidationError',
    message: Array.from({ length: exceptions }, (_, depth) => messageOf(index, depth)).join(': '),
    stack: chain.join('\ncaused by: '),
    code: null,
    peer: null,
    root: null,
    template: '',
    severity: 17,
    failure: [],
    explicit: null,
    attribute: () => null,
  }
}

function messageOf(index: number, depth: number): string {
  return `order ${index} of user-${index * 7}@example.com cannot be validated at step ${depth}`
}

function framesOf(seed: number): string {
  return Array.from({ length: FRAMES }, (_, index) => {
    const at = `${seed + index}:${index + 5}`
    if (index % 3 === 0) {
      return `    at async OrderService.check${seed + index} (/srv/shop/dist/orders/check${index}.js:${at})`
    }
    if (index % 3 === 1) {
      return `    at Layer.handle${seed} [as handle_request] (/srv/shop/node_modules/express/lib/layer${index}.js:${at})`
    }
    return `    at process.processTicksAndRejections (node:internal/process/task_queues:${at})`
  }).join('\n')
}
