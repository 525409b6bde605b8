import t from 'tap'
import { digestOf } from '../../collector/ingest/digest'

const BODY = Buffer.from('a body')

t.test('a digest is a uuid that depends on nothing but its input', async (t) => {
  const digest = digestOf('traces', null, BODY)
  t.match(digest, /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)
  t.equal(digestOf('traces', null, Buffer.from('a body')), digest)
})

t.test('equal bytes sent as different signals are different requests', async (t) => {
  const digests = (['traces', 'metrics', 'logs'] as const).map((s) => digestOf(s, null, BODY))
  t.equal(new Set(digests).size, 3)
})

t.test('no two tenants share a digest, and neither is no tenant an empty one', async (t) => {
  const digests = [null, '', '-', 'a', 'b'].map((tenant) => digestOf('traces', tenant, BODY))
  t.equal(new Set(digests).size, 5)
})

t.test('what is moved from the tenant to the body is another request', async (t) => {
  const moved = [
    digestOf('traces', 'a', Buffer.from('b\nc')),
    digestOf('traces', 'a\nb', Buffer.from('c')),
    digestOf('traces', null, Buffer.from('1:a\nb\nc')),
    digestOf('traces', '', Buffer.from('a\nb\nc')),
  ]
  t.equal(new Set(moved).size, moved.length)
})

t.test(
  'a changed, added or missing byte makes another request, the empty body included',
  async (t) => {
    const bodies = ['', 'a', 'b', 'ab', 'ab\0'].map((body) => Buffer.from(body))
    t.equal(new Set(bodies.map((body) => digestOf('traces', null, body))).size, bodies.length)
  },
)
