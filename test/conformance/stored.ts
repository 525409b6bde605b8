import { strict as assert } from 'node:assert'
import { until } from '../helpers/until'
import { canonical } from './canonical'
import { REQUESTS, send } from './export'
import { itemOf, nameIn, newService, requestOf } from './message'
import type { Message, Receiver, Signal, StoredItem } from './target'

const ITEM_TYPES = {
  traces: REQUESTS.traces.root.lookupType('Span'),
  metrics: REQUESTS.metrics.root.lookupType('Metric'),
  logs: REQUESTS.logs.root.lookupType('LogRecord'),
}

/** What a service has stored, by name, waited for until there is as much as `count`; fails when it is less or more. */
export async function readStored(
  target: Receiver,
  signal: Signal,
  service: string,
  count: number,
): Promise<readonly StoredItem[]> {
  const items = await poll(target, signal, service, count)
  assert.equal(items.length, count, `${count} of ${signal} are stored`)
  return [...items].sort((a, b) => (nameIn(a.item) < nameIn(b.item) ? -1 : 1))
}

/** The one item a service has stored, in its canonical form. */
export async function readOne(target: Receiver, signal: Signal, service: string): Promise<Message> {
  const [stored] = await readStored(target, signal, service, 1)
  assert.ok(stored)
  return canonical(ITEM_TYPES[signal], stored.item)
}

/** The names of what a service has stored, sorted, once everything sent before is there. */
export async function readNames(
  target: Receiver,
  signal: Signal,
  service: string,
  count: number,
): Promise<readonly string[]> {
  await settle(target, signal)
  return (await readStored(target, signal, service, count)).map(({ item }) => nameIn(item))
}

/** Waits until what was sent before can be read: until something sent now can be. */
export async function settle(target: Receiver, signal: Signal): Promise<void> {
  const service = newService()
  const outcome = await send(
    target,
    'protobuf',
    signal,
    requestOf(signal, service, [itemOf(signal, 'last')]),
  )
  assert.ok(outcome.isSuccess, `a sound request is accepted: ${outcome.code}`)
  await readStored(target, signal, service, 1)
}

export function canonicalEnvelope(
  name: 'Resource' | 'InstrumentationScope',
  message: Message = {},
): Message {
  return canonical(REQUESTS.traces.root.lookupType(name), message)
}

export function canonicalItem(signal: Signal, item: Message): Message {
  return canonical(ITEM_TYPES[signal], item)
}

async function poll(
  { store, settleMs }: Receiver,
  signal: Signal,
  service: string,
  count: number,
): Promise<readonly StoredItem[]> {
  let items: readonly StoredItem[] = []
  const isThere = async () => (items = await store.read(signal, service)).length >= count
  await until(isThere, settleMs, `${count} of ${signal}`).catch((error: Error) => {
    if (!error.message.startsWith('waited')) throw error
  })
  return items
}
