import { join } from 'node:path'
import { type Ended, install, launch, link, ROOT } from './application'
import { type ReceivedLog, type Receiver, startReceiver } from './receiver'

/** A test that something is laid out or launched for. */
export type Test = Parameters<typeof startReceiver>[0]

export interface Told extends Ended {
  readonly receiver: Receiver
  readonly logs: readonly ReceivedLog[]
}

/** The bootstrap alone, and what it hands over to. */
export const ASSEMBLIES = {
  lean: {},
  full: { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
}

/** What a scenario of the application `trackers.cjs` sends. */
export async function tellOf(t: Test, scenario: string, env: NodeJS.ProcessEnv): Promise<Told> {
  const receiver = await startReceiver(t)
  const folder = install(t, 'trackers.cjs')
  link(join(ROOT, 'node_modules', 'express'), join(folder, 'node_modules', 'express'))
  const ended = await launch(t, join(folder, 'trackers.cjs'), {
    cwd: folder,
    args: [scenario],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...env },
  }).ended
  return { ...ended, receiver, logs: receiver.logs }
}

export interface Event {
  readonly event: string
  readonly [attribute: string]: unknown
}

/** The attributes of each record, and what event it is. */
export function eventsOf(logs: readonly ReceivedLog[]): Event[] {
  return logs.map(({ eventName, severityText, attributes }) => ({
    event: `${eventName} ${severityText}`,
    ...attributes,
  }))
}
