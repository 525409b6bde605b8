import t from 'tap'
import { cleanUrl } from '../../instrumentation/api/url'

t.test('a URL is told without what may be a secret in it', async (t) => {
  for (const [given, told] of [
    ['https://example.com/hooks/orders', 'https://example.com/hooks/orders'],
    ['https://example.com', 'https://example.com/'],
    ['http://example.com:8080/a?b=c&d', 'http://example.com:8080/a?b=c&d'],
    ['https://ada:pa55@example.com/x#token=1', 'https://example.com/x'],
    ['https://s3cret@example.com/x', 'https://example.com/x'],
    [
      'https://example.com/?access_token=1&page=2',
      'https://example.com/?access_token=[redacted]&page=2',
    ],
    ['https://example.com/?X-Amz-Signature=1', 'https://example.com/?X-Amz-Signature=[redacted]'],
    [
      'https://example.com/?sig=1&key=2&code=3',
      'https://example.com/?sig=[redacted]&key=[redacted]&code=[redacted]',
    ],
    ['https://example.com/?%61pi_key=1', 'https://example.com/?%61pi_key=[redacted]'],
    ['https://example.com/?q=a1B2c3D4e5F6g7H8i9J0', 'https://example.com/?q=[redacted]'],
    ['https://example.com/?a1B2c3D4e5F6g7H8i9J0', 'https://example.com/?[redacted]'],
    [
      'https://hooks.slack.com/services/T012/B034/a1B2c3D4e5F6g7H8i9J0k1L2',
      'https://hooks.slack.com/services/T012/B034/[redacted]',
    ],
    [
      'https://api.telegram.org/bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/x',
      'https://api.telegram.org/[redacted]/x',
    ],
    [
      'https://example.com/3f2504e0-4f89-11d3-9a0c-0305e82c3301',
      'https://example.com/3f2504e0-4f89-11d3-9a0c-0305e82c3301',
    ],
    [
      'https://example.com/order-confirmation-received',
      'https://example.com/order-confirmation-received',
    ],
    ['https://example.com/%zz?%zz=%zz', 'https://example.com/%zz?%zz=%zz'],
    ['amqp:queue?token=1', 'amqp:queue?token=[redacted]'],
    ['/relative?token=s3cret', '/relative?token=[redacted]'],
  ] as const) {
    t.equal(cleanUrl(given), told, given)
  }
})
