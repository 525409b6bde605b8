/** The baggage of requests from service to service, through the propagator of OpenTelemetry. */
import {
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CBaggagePropagator } from '@opentelemetry/core'
import t from 'tap'
import { enterScope, openScope } from '../../instrumentation/api/context'
import { type Correlation, readRequest } from '../../instrumentation/api/correlation'

const propagator = new W3CBaggagePropagator()
const correlation: Correlation = {
  service: 'shop',
  trustsUser: true,
  trustsTenant: true,
  trustProxy: false,
  hasBaggage: true,
}

t.before(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()))
t.teardown(() => context.disable())

t.test(
  'ten services on, members of others are as they came, and ours are those of the request',
  (t) => {
    const others = 'colour=red,with%20space=a%2Cb%3Bc,prop=1;ttl=5;flag,empty%25=%E6%9D%B1'
    const ours =
      'correlation.id=c%3B1%2C%25,user.id=j%C3%BCrg%2C%20%22d%22%3B%25,tenant.id=%E6%9D%B1%E4%BA%AC'
    let baggage = `${others},${ours}`
    const sizes = new Set<number>()
    for (let hop = 0; hop < 10; hop++) {
      baggage = pass(baggage)
      sizes.add(baggage.length)
    }
    t.strictSame(sizes.size, 1, 'it does not grow')
    t.equal(baggage, `${ours},${others}`)
    t.end()
  },
)

t.test(
  'baggage is never longer than 8192 bytes, and has our members whatever it came with',
  (t) => {
    const long = Array.from({ length: 80 }, (_, at) => `k${at}=${'x'.repeat(100)}`)
    const userId = '東'.repeat(256)
    let baggage = ['correlation.id=c-1', `user.id=${encodeURIComponent(userId)}`, ...long].join()
    for (let hop = 0; hop < 10; hop++) {
      baggage = pass(baggage)
      t.ok(baggage.length <= 8_192)
    }
    t.ok(baggage.startsWith(`correlation.id=c-1,user.id=${encodeURIComponent(userId)},k0=`))
    t.end()
  },
)

t.test('sixty-four members and what is wrong among them: the others count', (t) => {
  const members = Array.from({ length: 60 }, (_, at) => `k${at}=${at}`)
  const passed = pass(['bad=%zz', '%zz=1', '=', '__proto__=1', ...members, 'user.id=ann'].join())
  t.match(passed, /^correlation\.id=[^,]+,user\.id=ann,/)
  for (const member of members) t.ok(passed.split(',').includes(member), member)
  t.notMatch(passed, /%zz|bad/)
  t.end()
})

/** What a service that is sent this baggage sends on. */
function pass(baggage: string): string {
  const arrived = propagator.extract(ROOT_CONTEXT, { baggage }, defaultTextMapGetter)
  return context.with(arrived, () => {
    const request = readRequest(
      (name) => (name === 'baggage' ? baggage : undefined),
      undefined,
      correlation,
    )
    return enterScope(openScope(request), () => {
      const carrier: Record<string, string> = {}
      propagator.inject(context.active(), carrier, defaultTextMapSetter)
      return carrier['baggage'] ?? ''
    })
  })
}
