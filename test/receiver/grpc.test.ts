import t from 'tap'
import { traces } from '../helpers/otlp'
import { CODE, METHODS, openGrpcDoor } from './grpc-door'

t.test('otlp 35: Export of each signal arrives as the bytes that were sent', async (t) => {
  const door = await openGrpcDoor(t)
  const body = traces({ service: 'shop', count: 100 })
  for (const signal of ['traces', 'metrics', 'logs'] as const) {
    for (const gzip of [false, true]) {
      const answer = await door.call(body, { path: METHODS[signal], gzip })
      t.equal(answer.code, CODE.ok, answer.message)
      t.equal(answer.body?.length, 0)
      const request = door.requests.at(-1)
      t.equal(request?.signal, signal)
      t.equal(request?.encoding, 'protobuf')
      t.ok(request?.body.equals(body))
    }
  }
  t.equal(door.rows.length, 200)
})
t.test('refusals', async (t) => {
  const door = await openGrpcDoor(t)
  t.comment(await door.call(Buffer.from([0xff, 0xff])))
  t.comment(await door.call(Buffer.alloc(2 * 1024 * 1024)))
  t.comment(await door.call(Buffer.alloc(20 * 1024 * 1024), { gzip: true }))
  t.comment(await door.call(Buffer.alloc(0), { path: '/foo/Bar' }))
})
