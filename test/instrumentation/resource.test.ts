import t from 'tap'
import { pathOf, resourceOf } from '../../instrumentation/api/resource'

t.test('a resource is the first segment that is neither api, a version nor an id', async (t) => {
  for (const [path, resource] of [
    ['/orders', 'orders'],
    ['/api/orders/17', 'orders'],
    ['/api/v1/orders', 'orders'],
    ['/API/V2.1/order-items/x', 'order-items'],
    ['/v1beta1/projects', 'projects'],
    ['/v1/api/rate_limits', 'rate_limits'],
    ['/oauth2/token', 'oauth2'],
    ['/s3/bucket', 's3'],
    ['/robots.txt', 'robots.txt'],
    ['/userProfiles/9', 'userProfiles'],
    ['/OAuthClients', 'OAuthClients'],
    ['orders/17', 'orders'],
    ['//orders', 'orders'],
    ['/', undefined],
    ['', undefined],
    ['/api/v1', undefined],
    ['/17/orders', 'orders'],
    ['/user-12/orders', 'orders'],
    ['/2026-11-26/report', 'report'],
    ['/3f2504e0-4f89-11d3-9a0c-0305e82c3301/orders', 'orders'],
    ['/507f1f77bcf86cd799439011', undefined],
    ['/deadbeefcafe', undefined],
    ['/01ARZ3NDEKTSV4RRFFQ69G5FAV', undefined],
    ['/cus_9s6XKzkNRiz8i3', undefined],
    ['/aGVsbG8gd29ybGQ', undefined],
    ['/ada@example.com', undefined],
    ['/%E2%82%AC', undefined],
    [`/${'a'.repeat(41)}`, undefined],
    [`/1${'/1'.repeat(20)}/orders`, undefined],
  ] as const) {
    t.equal(resourceOf(path), resource, path)
  }
})

t.test('a path is told without host and query', async (t) => {
  for (const [given, path] of [
    ['/orders?token=x#y', '/orders'],
    ['https://example.com/orders?x', '/orders'],
    ['https://example.com', '/'],
    ['/proxy/https://example.com/x', '/proxy/https://example.com/x'],
    ['/orders;jsessionid=x', '/orders'],
  ] as const) {
    t.equal(pathOf(given), path, given)
  }
})
