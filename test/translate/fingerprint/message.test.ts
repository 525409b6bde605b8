import t from 'tap'
import { parameterise } from '../../../collector/translate/fingerprint/message'

const CASES: [message: string, expected: string][] = [
  ['2001:db8::8a2e:370:7334 down', '<ip> down'],
  ['[::1]:8080', '[<ip>]:<int>'],
  ['0.0.0.0:10', '<ip>:<int>'],
  ['10.0.0.0/8', '<ip>/<int>'],
  ['tcp://user:pass@host:10', '<url>'],
  ['https://[2001:db8::1]:80/x?a=1, then', '<url>, then'],
  ['utf-8 iso-8859-1 sha-256 http/2', 'utf-8 iso-8859-1 sha-256 http/2'],
  ['base64 sha256 es2015 int32 s3 k8s ipv4', 'base64 sha256 es2015 int32 s3 k8s ipv4'],
  ['(#239323)', '(#<int>)'],
  ['10:20:30.5 late', '<date> late'],
  ['2026-11-26T10:00:00.123Z, 2026-11-26 10:00:00, 2026/11/26', '<date>, <date>, <date>'],
  ['Thu Nov 26 2026 10:00:00 GMT+0000 (Coordinated Universal Time)', '<date>'],
  ['Thu, 26 Nov 2026 10:00:00 GMT', '<date>'],
  ['may 1 be, on Mon, March on', 'may <int> be, on Mon, March on'],
  ['12ms 1.5s 3m20s 250µs', '<duration> <duration> <duration> <duration>'],
  ['timeout of 5000ms exceeded', 'timeout of <duration> exceeded'],
  ['user a.b@c.de not found', 'user <email> not found'],
  ['api.example.com:8080 payments.default.svc.cluster.local', '<hostname>:<int> <hostname>'],
  ['user.id main.rs index.js', 'user.id main.rs index.js'],
  ['550e8400-e29b-41d4-a716-446655440000', '<uuid>'],
  ['/users/550e8400-e29b-41d4-a716-446655440000/x/42', '/users/<uuid>/x/<int>'],
  ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', '<traceparent>'],
  ['da39a3ee5e6b4b0d3255bfef95601890afd80709', '<sha1>'],
  ['d41d8cd98f00b204e9800998ecf8427e', '<md5>'],
  ['deadbeef facade 1a2b3c4 0xdeadBEEF', 'deadbeef facade <git_sha> <hex>'],
  ['00:1b:44:11:3a:b7', '<mac>'],
  ['-12 +3 4.5e-3 12% 1,234,567', '<int> <int> <float> <int>% <int>'],
  ['v1.2.3 1.2.3-rc.1', '<version> <version>'],
  ['order-1234 user1234 users_2024', 'order-<int> user<int> users_<int>'],
  ['cus_9s6XKzkNRiz8i3 V1StGXR8_Z5jdHi6B-myT', '<id> <id>'],
  [`a=true b="x y" c='q' d=12`, 'a=<bool> b=<quoted_str> c=<quoted_str> d=<int>'],
  ['it is true that "users" is \'x\'', 'it is true that "users" is \'x\''],
  [
    `Unexpected token 'h', "hello wor"... is not valid`,
    `Unexpected token 'h', <quoted_str>... is not valid`,
  ],
  ['Key (email)=(a@b.com) already exists.', 'Key (email)=(<email>) already exists.'],
  ['ORA-00942 TS2345', 'ORA-00942 TS2345'],
  ['\n\na 1\n\n  b\nc', 'a <int>\nb...'],
  ['', ''],
]

t.test('what varies is replaced by its kind, and what does not stays', async (t) => {
  for (const [message, expected] of CASES) t.equal(parameterise(message), expected, message)
})

t.test('a template reads the same once more', async (t) => {
  for (const [, expected] of CASES) {
    if (!expected.endsWith('...')) t.equal(parameterise(expected), expected, expected)
  }
})

t.test('only so much of a text is looked at', async (t) => {
  t.equal(parameterise('x'.repeat(10_000)), `${'x'.repeat(8_192)}...`)
})
