import { Type } from 'protobufjs'
import t from 'tap'
import { encodeRequest } from '../helpers/otlp'
import { canonical } from './canonical'
import { ENVELOPE, everyField } from './every-field'
import { REQUESTS, send, WAYS } from './export'
import { isFullSuccess } from './checks/transport'
import { itemsOf, list, newService, requestOf } from './message'
import { rebuildRequest } from './rebuild'
import { startSidelight } from './sidelight'
import { readStored } from './stored'
import { type Message, SIGNALS } from './target'

const NS_PER_MS = 1_000_000n
/** Only profiles have tables of strings. */
const ONLY_IN_PROFILES = ['AnyValue.stringValueStrindex', 'KeyValue.keyStrindex']

const starting = startSidelight(t)

for (const signal of SIGNALS) {
  for (const way of WAYS) {
    t.test(`every field of ${signal} sent as ${way} reads back as the same message`, async (t) => {
      const target = await starting
      const service = newService()
      const items = everyField(signal, BigInt(Date.now()) * NS_PER_MS)
      const sent = requestOf(signal, service, items, ENVELOPE)
      isFullSuccess(await send(target, way, signal, sent))
      const stored = await readStored(target, signal, service, itemsOf(signal, sent).length)
      const rebuilt = rebuildRequest(signal, service, stored)
      const expected = canonical(REQUESTS[signal], sent)
      t.strictSame(rebuilt, expected)
      const bytes = [rebuilt, expected].map((one) =>
        encodeRequest(REQUESTS[signal], one, 'protobuf'),
      )
      t.ok(bytes[0]?.equals(bytes[1] ?? Buffer.alloc(0)), 'to the byte')
    })
  }
}

t.test('the payload that is sent sets every field there is', (t) => {
  for (const signal of SIGNALS) {
    const type = REQUESTS[signal]
    const sent = requestOf(signal, newService(), everyField(signal, 1n), ENVELOPE)
    const set = fieldsSet(type, canonical(type, sent))
    const missing = [...fieldsOf(type)].filter((name) => !set.has(name))
    t.strictSame(missing.sort(), ONLY_IN_PROFILES, signal)
  }
  t.end()
})

/** Every field of a message type and of those inside of it, as `Type.field`. */
function fieldsOf(type: Type, seen = new Set<Type>()): Set<string> {
  seen.add(type)
  const fields = new Set(type.fieldsArray.map(({ name }) => `${type.name}.${name}`))
  for (const { resolvedType } of type.fieldsArray) {
    if (!(resolvedType instanceof Type) || seen.has(resolvedType)) continue
    for (const name of fieldsOf(resolvedType, seen)) fields.add(name)
  }
  return fields
}

/** The fields that are set in a message and in those inside of it. */
function fieldsSet(type: Type, message: Message): Set<string> {
  const fields = new Set<string>()
  for (const { name, resolvedType, repeated } of type.fieldsArray) {
    const value = message[name]
    if (value === undefined) continue
    fields.add(`${type.name}.${name}`)
    if (!(resolvedType instanceof Type)) continue
    for (const inner of repeated ? list(value) : [value as Message]) {
      for (const found of fieldsSet(resolvedType, inner)) fields.add(found)
    }
  }
  return fields
}
