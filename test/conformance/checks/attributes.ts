import { strict as assert } from 'node:assert'
import { anyValue, keyValues } from '../../helpers/otlp'
import { encode, sendBytes, WAYS } from '../export'
import { attributesIn, itemOf, logRecord, newService, requestOf } from '../message'
import { canonicalItem, readStored } from '../stored'
import { type Check, type Message, type Signal, SIGNALS, type Target } from '../target'
import { sentOne } from './items'
import { isFullSuccess } from './transport'

/** What attributes of any signal hold. */
export const ATTRIBUTES: readonly Check[] = [
  {
    item: 53,
    claim: 'attributes of every signal may hold anything: empty values, bytes, maps, mixed arrays',
    async run(target) {
      const attributes = {
        empty: null,
        text: '',
        no: false,
        zero: 0,
        double: 1.5,
        whole: anyValue({ doubleValue: 2 }),
        bytes: Buffer.from([0, 255]),
        'no bytes': Buffer.alloc(0),
        list: ['a', 1, null, true, [], {}, Buffer.from([1])],
        map: { '': null, inner: { list: [{ deep: 1 }] }, $bytes: 'not bytes' },
      }
      for (const signal of SIGNALS) {
        const sent = itemOf(signal, 'work', attributes)
        for (const way of WAYS) {
          const stored = await sentOne(target, way, signal, sent)
          assert.deepEqual(
            attributesIn(signal, stored),
            attributesIn(signal, canonicalItem(signal, sent)),
          )
        }
      }
      const body = { kvlistValue: { values: keyValues(attributes) } }
      const record = logRecord('work', { body })
      const stored = await sentOne(target, 'protobuf', 'logs', record)
      assert.deepEqual(stored['body'], canonicalItem('logs', record)['body'])
    },
  },
  {
    item: 54,
    claim: 'of equal keys the last counts; NUL and broken UTF-8 are mended and cost no neighbour',
    async run(target) {
      const pairs = [
        ['key', 'first'],
        ['other', 1],
        ['key', 'last'],
      ] as const
      for (const signal of SIGNALS) {
        for (const way of WAYS) {
          const stored = await sentOne(target, way, signal, itemOf(signal, 'work', pairs))
          assert.deepEqual(valuesOf(signal, stored), ['last', '1'])
        }
        await isMended(target, signal)
      }
    },
  },
  {
    item: 55,
    claim: 'references to a table of strings, which only profiles have, count as absent',
    async run(target) {
      for (const signal of SIGNALS) {
        const item = itemOf(signal, 'work', [
          ['known', 'yes'],
          ['reference', anyValue({ stringValueStrindex: 3 })],
        ])
        const [first] = attributesIn(signal, item)
        Object.assign(first ?? {}, { keyStrindex: 7 })
        for (const way of WAYS) {
          const stored = await sentOne(target, way, signal, item)
          assert.deepEqual(attributesIn(signal, stored), [
            { key: 'known', value: { stringValue: 'yes' } },
            { key: 'reference', value: {} },
          ])
        }
      }
    },
  },
]

function valuesOf(signal: Signal, item: Message): unknown[] {
  return attributesIn(signal, item).flatMap((pair) => Object.values(pair['value'] as Message))
}

/** Postgres stores no NUL, and neither JSON nor protobuf may have broken UTF-8. */
async function isMended(target: Target, signal: Signal): Promise<void> {
  const service = newService()
  const items = [
    itemOf(signal, 'after'),
    itemOf(signal, 'before'),
    itemOf(signal, 'odd', { odd: 'a\0b', broken: 'XYZW', 'key\0': 1 }),
  ]
  const body = encode('protobuf', signal, requestOf(signal, service, items))
  // A lone surrogate, and a byte that begins nothing.
  Buffer.from([0xed, 0xa0, 0x80, 0xff]).copy(body, body.indexOf('XYZW'))
  isFullSuccess(await sendBytes(target, 'protobuf', signal, body))
  const stored = await readStored(target, signal, service, items.length)
  const odd = attributesIn(signal, canonicalItem(signal, stored[2]?.item ?? {}))
  const texts = Object.fromEntries(
    odd.map((pair) => [pair['key'], (pair['value'] as Message)['stringValue']]),
  )
  assert.equal(texts['odd'], 'a\ufffdb')
  assert.match(String(texts['broken']), /^\ufffd+$/)
  assert.ok('key\ufffd' in texts)
}
