import type { Attributes } from '@opentelemetry/api'
import {
  type EventLoopUtilization,
  type IntervalHistogram,
  monitorEventLoopDelay,
  performance,
} from 'node:perf_hooks'
import { availableParallelism } from 'node:os'
import { getHeapSpaceStatistics } from 'node:v8'
import { isMainThread } from 'node:worker_threads'

/** How a value behaves: a gauge is what it is now, a counter only grows, an updown adds up over processes. */
export type ReadingKind = 'gauge' | 'counter' | 'updown'

/** One metric of the runtime, as the semantic conventions of OpenTelemetry name it. */
export interface Definition {
  readonly name: string
  readonly unit: string
  readonly kind: ReadingKind
  readonly description: string
}

export type Point = readonly [value: number, attributes: Attributes]

const NS_PER_SECOND = 1e9
const US_PER_SECOND = 1e6
const MS_PER_SECOND = 1e3
/** How often the event loop is asked whether it is on time; an idle process wakes up this often. */
const DELAY_RESOLUTION_MS = 20

/** Measures the event loop, memory and CPU of this thread and process; `read` gives what they are at that moment. */
export class RuntimeGauges {
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS })
  #loop: EventLoopUtilization = performance.eventLoopUtilization()
  #cpu: NodeJS.CpuUsage = process.cpuUsage()
  #atMs = performance.now()

  constructor() {
    this.#delay.enable()
  }

  /** What each metric is now, of those since the last reading where they are of a time. */
  read(): Map<Definition, readonly Point[]> {
    const readings = new Map<Definition, readonly Point[]>()
    this.#readLoop(readings)
    // Of the process there is one, however many threads tell of themselves.
    if (isMainThread) this.#readProcess(readings)
    readings.set(ACTIVE_RESOURCES, countResources())
    readHeap(readings)
    return readings
  }

  #readLoop(readings: Map<Definition, readonly Point[]>): void {
    const loop = performance.eventLoopUtilization()
    readings.set(LOOP_UTILIZATION, [
      [performance.eventLoopUtilization(loop, this.#loop).utilization, {}],
    ])
    this.#loop = loop
    readings.set(LOOP_TIME, [
      [loop.active / MS_PER_SECOND, { 'nodejs.eventloop.state': 'active' }],
      [loop.idle / MS_PER_SECOND, { 'nodejs.eventloop.state': 'idle' }],
    ])
    const delay = this.#delay
    // Before the first sample its numbers are not ones.
    if (delay.count === 0) return
    for (const [definition, of] of DELAYS) {
      readings.set(definition, [[of(delay) / NS_PER_SECOND, {}]])
    }
    delay.reset()
  }

  #readProcess(readings: Map<Definition, readonly Point[]>): void {
    const cpu = process.cpuUsage()
    const atMs = performance.now()
    const availableUs =
      ((atMs - this.#atMs) / MS_PER_SECOND) * US_PER_SECOND * availableParallelism()
    const modes = ['user', 'system'] as const
    readings.set(
      CPU_TIME,
      modes.map((mode) => [cpu[mode] / US_PER_SECOND, { 'cpu.mode': mode }]),
    )
    if (availableUs > 0) {
      readings.set(
        CPU_UTILIZATION,
        modes.map((mode) => [(cpu[mode] - this.#cpu[mode]) / availableUs, { 'cpu.mode': mode }]),
      )
    }
    this.#cpu = cpu
    this.#atMs = atMs
    readings.set(MEMORY_USAGE, [[process.memoryUsage.rss(), {}]])
    readings.set(UPTIME, [[process.uptime(), {}]])
  }
}

function readHeap(readings: Map<Definition, readonly Point[]>): void {
  const spaces = getHeapSpaceStatistics()
  for (const [definition, of] of HEAP) {
    readings.set(
      definition,
      spaces.map((space) => [space[of], { 'v8js.heap.space.name': space.space_name }]),
    )
  }
}

/** What keeps the event loop going, by kind. */
function countResources(): Point[] {
  const counts = new Map<string, number>()
  for (const type of process.getActiveResourcesInfo()) {
    counts.set(type, (counts.get(type) ?? 0) + 1)
  }
  return [...counts].map(([type, count]) => [count, { 'v8js.resource.type': type }])
}

function define(name: string, unit: string, kind: ReadingKind, description: string): Definition {
  return { name, unit, kind, description }
}

function defineDelay(what: string): Definition {
  return define(`nodejs.eventloop.delay.${what}`, 's', 'gauge', `Event loop ${what} delay.`)
}

const DELAYS: readonly (readonly [Definition, (delay: IntervalHistogram) => number])[] = [
  [defineDelay('min'), ({ min }) => min],
  [defineDelay('max'), ({ max }) => max],
  [defineDelay('mean'), ({ mean }) => mean],
  [defineDelay('stddev'), ({ stddev }) => stddev],
  [defineDelay('p50'), (delay) => delay.percentile(50)],
  [defineDelay('p90'), (delay) => delay.percentile(90)],
  [defineDelay('p99'), (delay) => delay.percentile(99)],
]
const LOOP_UTILIZATION = define(
  'nodejs.eventloop.utilization',
  '1',
  'gauge',
  'Share of time the event loop was active since the last reading.',
)
const LOOP_TIME = define(
  'nodejs.eventloop.time',
  's',
  'counter',
  'Time the event loop has been in each state.',
)
const CPU_TIME = define('process.cpu.time', 's', 'counter', 'CPU time of the process by mode.')
const CPU_UTILIZATION = define(
  'process.cpu.utilization',
  '1',
  'gauge',
  'CPU time since the last reading, of all the CPUs had.',
)
const MEMORY_USAGE = define('process.memory.usage', 'By', 'updown', 'Resident memory.')
const UPTIME = define('process.uptime', 's', 'gauge', 'Time the process has been running.')
const ACTIVE_RESOURCES = define(
  'v8js.resource.active',
  '{resource}',
  'updown',
  'Resources that keep the event loop going.',
)

type SpaceSize = 'space_used_size' | 'space_size' | 'space_available_size' | 'physical_space_size'

const HEAP: readonly (readonly [Definition, SpaceSize])[] = [
  [define('v8js.memory.heap.used', 'By', 'updown', 'Heap memory in use.'), 'space_used_size'],
  [define('v8js.memory.heap.space.size', 'By', 'updown', 'Heap memory reserved.'), 'space_size'],
  [
    define('v8js.memory.heap.space.available_size', 'By', 'updown', 'Heap memory free.'),
    'space_available_size',
  ],
  [
    define('v8js.memory.heap.space.physical_size', 'By', 'updown', 'Heap memory committed.'),
    'physical_space_size',
  ],
]
