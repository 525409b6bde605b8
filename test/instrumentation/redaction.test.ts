import { inspect } from 'node:util'
import t from 'tap'
import { redact, redactText } from '../../instrumentation/index'

const SECRET_NAMES = (
  'password passwd pwd PASSWORD newPassword password_confirmation passwordHash userpassword DB_PASS pass pin cardPin ' +
  'secret clientSecret client_secret secretAccessKey token Token accessToken access_token access-token ACCESS_TOKEN ' +
  'accesstoken refreshToken idToken csrf-token x-csrf-token tokens apiKey api_key apikey api-key APIKey x-api-key ' +
  'X-API-KEY apiKey2 accessKeyId authorization Authorization proxy-authorization authorizationCode cookie set-cookie ' +
  'Set-Cookie cookies privateKey private_key PRIVATE-KEY signingKey creditCard credit_card creditCardNumber cardNumber ' +
  'card-number cvv cvv2 cvc ssn sessionId session_id sessionid SESSIONID PHPSESSID session sid connect.sid auth ' +
  'credentials passphrase otp mfaCode recovery_codes bearer jwt authHeader'
).split(' ')

const OPEN_NAMES = (
  'user userId id requestId key keys cacheKey primaryKey publicKey code status message author authors authority ' +
  'authorId tokenizer tokenCount token_type tokenExpiresAt maxTokensCount passwordLength passwordChangedAt ' +
  'cookieCount secretary compass passenger bypass passed card cardType cardLast4 creditCardType session_count ' +
  'sessions pinned spin shipping secretName obsidian basic url path'
).split(' ')

t.test('fields are secret by their names, in whatever way these are written', async (t) => {
  for (const name of SECRET_NAMES) {
    t.equal(redact({ [name]: 'hunter-2' })[name], '[redacted]', name)
    t.equal(redact({ a: [{ [name]: 'hunter-2' }] }).a[0]?.[name], '[redacted]', `${name}, nested`)
    t.equal(redact(new Map([[name, 'hunter-2']])).get(name), '[redacted]', `${name} of a map`)
  }
  for (const name of OPEN_NAMES) t.equal(redact({ [name]: 'plain 2' })[name], 'plain 2', name)
})

t.test('what tells about a secret is none', async (t) => {
  const fields = {
    tokens: 12,
    promptTokens: 3n,
    pass: 4,
    password: true,
    token: null,
    secret: undefined,
    cookie: '',
    session: { count: 1 },
    auth: { kind: 'basic' },
  }
  t.equal(redact(fields), fields)
  t.same(
    redact({ tokens: ['a'], pin: 1234, password: { hash: 'b' }, otp: 123456, auth: { pass: 'x' } }),
    {
      tokens: '[redacted]',
      pin: '[redacted]',
      password: '[redacted]',
      otp: '[redacted]',
      auth: { pass: '[redacted]' },
    },
  )
})

/** A text, and what is left of it; `$` stands for what replaces a secret. */
const TEXTS: [string, string][] = [
  ['postgres://shop:s3cret@db:5432/shop?a=b', 'postgres://shop:$@db:5432/shop?a=b'],
  ['redis://:s3c:r@t@cache', 'redis://:$@cache'],
  ['amqp://a:s3cret@one, amqp://b:s3cret@two', 'amqp://a:$@one, amqp://b:$@two'],
  ['GET /a?access_token=s3cret&page=2', 'GET /a?access_token=$&page=2'],
  ['/a?x=1&api_key=s3cret#top=1', '/a?x=1&api_key=$'],
  ['/a?apikey=s3cret', '/a?apikey=$'],
  ['Authorization: Bearer s3cret-12 was refused', 'Authorization: $ was refused'],
  ['sent bearer s3cret.12 to it', 'sent bearer $ to it'],
  ['curl -H "Authorization: Basic dXNlcjpwYXNz" /', 'curl -H "Authorization: $" /'],
  ['Basic dXNlcjpwYXNz', 'Basic $'],
  ['Bearer secretive', 'Bearer $'],
  ['Cookie: sid=s3cret; theme=s3cret', 'Cookie: $'],
  ['x-api-key: s3cret, host: a', 'x-api-key: $, host: a'],
  ['{"user":"ada","password":"s3\\"cret","n":1}', '{"user":"ada","password":"$","n":1}'],
  ['{"password": 12345, "pin" : 1}', '{"password": "$", "pin" : "$"}'],
  ['{"tokens":["s3cret","s3cret"],"tokens":3}', '{"tokens":"$","tokens":3}'],
  [
    JSON.stringify({ body: JSON.stringify({ token: 's3c"ret\\', a: 'b' }) }),
    String.raw`{"body":"{\"token\":\"$\",\"a\":\"b\"}"}`,
  ],
  [
    JSON.stringify(JSON.stringify(JSON.stringify({ token: 's3c"ret\\', a: 'b' }))),
    JSON.stringify(JSON.stringify(JSON.stringify({ token: '$', a: 'b' }))),
  ],
  ["{ password: 's3cret', a: 1 }", "{ password: '$', a: 1 }"],
  ["'secret' => 's3cret'", "'secret' => '$'"],
  ['{"password":"s3cret cut o', '{"password":"$'],
  ['password=s3cret; host=a', 'password=$; host=a'],
  ['login failed: password: s3cret', 'login failed: password: $'],
  ['run --password=s3cret -v', 'run --password=$ -v'],
  ['error=token=s3cret', 'error=token=$'],
  ['Server=a;AccountKey=s3cret==;b=c', 'Server=a;AccountKey=$;b=c'],
  [`jwt eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJ_-x end`, 'jwt $ end'],
  ['key sk_live_abcdefgh1234, AKIAABCDEFGHIJKLMNOP', 'key $, $'],
  [
    'a -----BEGIN RSA PRIVATE KEY-----\nMIIs3cret\n-----END RSA PRIVATE KEY----- b',
    'a -----BEGIN RSA PRIVATE KEY-----$-----END RSA PRIVATE KEY----- b',
  ],
  ['-----BEGIN PRIVATE KEY-----\nMIIs3cret', '-----BEGIN PRIVATE KEY-----$'],
]

const OPEN_TEXTS = [
  '',
  'a',
  'the password is wrong',
  'invalid token: unexpected end',
  'Invalid password: must have 8 characters',
  'tokens: 12, tokens=12',
  'password=true, "token":null',
  'see https://example.com/basic/tokens?page=2',
  'mailto:ada@example.com key: value',
  'basic education, bearer bonds, missing bearer token',
  'primary key=12',
  '12:00:01 user=ada code=7',
  '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
]

t.test('secrets in texts are replaced, and nothing else', async (t) => {
  for (const [text, left] of TEXTS) {
    t.equal(redactText(text), left.replaceAll('$', '[redacted]'))
    t.equal(redactText(redactText(text)), redactText(text), 'once')
  }
  for (const text of OPEN_TEXTS) t.equal(redactText(text), text)
})

t.test('long and hostile texts take no time to speak of', async (t) => {
  for (const part of [
    'a',
    'password',
    'a-',
    '"token":"\\',
    '://a:',
    'Bearer ',
    '-----BEGIN ',
    '\\',
    'key=',
  ]) {
    // Of the processor, which others may have in between.
    const start = process.cpuUsage()
    redactText(`token ${part.repeat(200_000 / part.length)}`)
    t.ok(process.cpuUsage(start).user < 1_000_000, part)
  }
})

t.test('errors keep their class and lose their secrets, wherever they are', async (t) => {
  class Refused extends TypeError {
    readonly config = { url: '/', headers: { Authorization: 'Bearer hunter-2' } }
    override name = 'Refused'
  }
  const cause = new AggregateError([new Error('token=hunter-2')], 'of password=hunter-2')
  const error = new Refused('at https://a:hunter-2@b/', { cause })
  const redacted = redact(error)
  t.not(redacted, error)
  t.ok(redacted instanceof Refused)
  t.equal(redacted.message, 'at https://a:[redacted]@b/')
  t.match(redacted.stack, /^(?:Refused|TypeError): at https:\/\/a:\[redacted\]@b\/\n {4}at /)
  t.equal(redacted.name, 'Refused')
  t.same(redacted.config, { url: '/', headers: { Authorization: '[redacted]' } })
  t.notMatch(inspect(redacted, { depth: 9, showHidden: true }), /hunter-2/)
  t.ok(redacted.cause instanceof AggregateError)
  t.match(error.message, /hunter-2/, 'what was given stays')
  const plain = new Error('declined', { cause: new Error('of funds') })
  t.equal(redact(plain), plain)
})

t.test('whatever else a value is made of is gone through', async (t) => {
  class Account {
    readonly user = 'ada'
    readonly password = 'hunter-2'
    greet(): string {
      return `hello ${this.user}`
    }
  }
  const account = redact(new Account())
  t.same({ ...account }, { user: 'ada', password: '[redacted]' })
  t.equal(account.greet(), 'hello ada')
  t.same(redact(new Set(['a', 'Bearer hunter-2'])), new Set(['a', 'Bearer [redacted]']))
  t.same(redact(new Map([['a', { pwd: 'b' }]])), new Map([['a', { pwd: '[redacted]' }]]))
  t.equal(String(redact(new URL('https://a:hunter-2@b/'))), 'https://a:[redacted]@b/')
  t.same(redact({ toJSON: () => ({ token: 'hunter-2' }) }), { token: '[redacted]' })
  t.same(redact(['Host', 'a', 'Authorization', 'hunter-2']), [
    'Host',
    'a',
    'Authorization',
    '[redacted]',
  ])
  t.same(redact(['password', 'email']), ['password', 'email'], 'a list of names')
  t.same(redact([{ name: 'password', value: 'hunter-2' }]), [
    { name: 'password', value: '[redacted]' },
  ])
  const date = new Date()
  const same = { date, bytes: Buffer.from('plain'), fn: () => 1, name: 'a', value: 'b' }
  t.equal(redact(same), same)
  t.equal(redact(7), 7)
  t.equal(redact(null), null)
  t.equal(redact('token=hunter-2'), 'token=[redacted]')
})

t.test('cycles, accessors that throw and values without end are survived', async (t) => {
  const loop: Record<string, unknown> = { name: 'a' }
  loop['self'] = loop
  t.equal(redact(loop), loop)
  loop['token'] = 'hunter-2'
  const redacted = redact(loop)
  t.equal(redacted['self'], redacted)
  t.equal(redacted['token'], '[redacted]')
  t.equal(loop['token'], 'hunter-2')
  const hostile = {
    a: 1,
    get b(): string {
      throw new Error('not now')
    },
  }
  t.same(redact({ hostile }), { hostile: { a: 1, b: '[unreadable]' } })
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  t.same(redact({ proxy }), { proxy: '[unreadable]' })
  let deep: object = { password: 'hunter-2' }
  for (let at = 0; at < 50_000; at++) deep = { deep }
  t.notMatch(inspect(redact(deep), { depth: 100 }), /hunter-2/)
  const wide = Array.from({ length: 50_000 }, () => ({ password: 'hunter-2' }))
  t.notMatch(JSON.stringify(redact(wide)), /hunter-2/)
  t.notMatch(redactText(`${' '.repeat(2_000_000)}token=hunter-2`), /hunter-2/)
})

t.test(
  'secrets are found in XML, forms, percent-encoding, commands and addresses of hooks',
  async (t) => {
    for (const [text, left] of [
      [
        '<a:password>s3cret</a:password><user>ada</user>',
        '<a:password>$</a:password><user>ada</user>',
      ],
      [
        'form-data; name="password"\r\n\r\ns3cret\r\n--b',
        'form-data; name="password"\r\n\r\n$\r\n--b',
      ],
      ['%7B%22password%22%3A%22s3cret%22%7D', '%7B%22password%22%3A%22$%22%7D'],
      [
        '/?next=https%3A%2F%2Fb%2F%3Ftoken%3Ds3cret%26n%3D1',
        '/?next=https%3A%2F%2Fb%2F%3Ftoken%3D$%26n%3D1',
      ],
      ['curl -u ada:s3cret https://a', 'curl -u ada:$ https://a'],
      ['https://hooks.slack.com/services/T0/B0/s3cret', 'https://hooks.slack.com/services/$'],
    ] as const) {
      t.equal(redactText(text), left.replaceAll('$', '[redacted]'))
      t.equal(redactText(redactText(text)), redactText(text), 'once')
    }
  },
)

t.test('entries, and bytes that are a text, are looked through', async (t) => {
  t.same(redact(Object.entries({ password: 'a', user: 'b' })), [
    ['password', '[redacted]'],
    ['user', 'b'],
  ])
  const bytes = Buffer.from('plain')
  t.equal(redact(bytes), bytes)
  t.same(redact({ body: Buffer.from('{"password":"a"}') }), { body: '[redacted]' })
})

t.test('large objects and bytes cost no more than their beginning', async (t) => {
  const many: Record<string, number> = {}
  for (let at = 0; at < 20_000; at++) many[`n${at}`] = at
  const kept = redact(many) as Record<string, unknown>
  t.ok(Object.keys(kept).length <= 10_001)
  t.equal(kept['[truncated]'], true)
  t.equal(redact(new Uint8Array(5_000)) as unknown, '[5000 bytes]')
})
