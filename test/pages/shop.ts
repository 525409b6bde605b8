import type { StoredTrace } from '../../collector/api/contract'
import { logOf, spanOf, traceOf } from './sample'

const DECLINED = {
  name: 'exception',
  time: '2026-03-01T11:59:00.780000000Z',
  timeUnixNano: String(BigInt(Date.parse('2026-03-01T11:59:00.780Z')) * 1_000_000n),
  attributes: {
    'exception.type': 'CardDeclined',
    'exception.message': 'the bank declined the card: insufficient funds',
    'exception.stacktrace':
      'CardDeclined: the bank declined the card\n    at charge (/srv/payments/charge.js:41:11)\n    at async POST (/srv/payments/routes.js:12:5)',
  },
  droppedAttributesCount: 0,
}

/** An order that fails at the payment, as three services tell of it. */
export function failedOrder(): StoredTrace {
  const gateway = { service: 'gateway', kind: 'server' }
  const orders = { service: 'orders' }
  const payments = { service: 'payments' }
  const get = { 'http.request.method': 'POST', 'http.route': '/checkout', 'url.path': '/checkout' }
  return traceOf(
    [
      spanOf(1, null, 0, 912.4, {
        ...gateway,
        name: 'POST /checkout',
        attributes: { ...get, 'http.response.status_code': '502' },
      }),
      spanOf(2, 1, 4, 22.1, { ...gateway, kind: 'client', name: 'GET session', module: 'redis' }),
      spanOf(3, 1, 31, 871, { ...gateway, kind: 'client', name: 'POST orders', status: 'error' }),
      spanOf(4, 3, 38, 858, {
        ...orders,
        kind: 'server',
        name: 'POST /orders',
        status: 'error',
        statusMessage: 'payment failed',
        attributes: { ...get, 'http.response.status_code': '500', 'enduser.id': 'u-18223' },
      }),
      spanOf(5, 4, 52, 148, {
        ...orders,
        kind: 'client',
        name: 'SELECT stock',
        module: 'pg',
        attributes: {
          'db.system.name': 'postgresql',
          'db.query.text': 'select sku, count from stock where sku = any($1) for update',
        },
      }),
      spanOf(6, 4, 204, 96, { ...orders, kind: 'client', name: 'INSERT order', module: 'pg' }),
      spanOf(7, 4, 310, 571, { ...orders, kind: 'client', name: 'POST payments', status: 'error' }),
      spanOf(8, 7, 318, 552, {
        ...payments,
        kind: 'server',
        name: 'POST /charges',
        status: 'error',
        events: [DECLINED],
      }),
      spanOf(9, 8, 340, 430, {
        ...payments,
        kind: 'client',
        name: 'POST api.bank.example/v2/authorizations',
        attributes: { 'server.address': 'api.bank.example', 'http.response.status_code': '402' },
      }),
      spanOf(11, 10, 400, 30, { ...payments, name: 'score risk' }),
    ],
    [
      logOf(2, 'checkout of 3 items by u-18223', {
        service: 'gateway',
        spanId: '0000000000000001',
      }),
      logOf(201, 'stock reserved', { attributes: { 'order.items': '3', 'order.total': 74.9 } }),
      logOf(
        333,
        { message: 'asking the bank', attempt: '1', amount: { $double: '74.90' } },
        {
          service: 'payments',
        },
      ),
      logOf(620, 'the bank takes longer than usual', {
        service: 'payments',
        severity: 'warn',
        severityNumber: 13,
        severityText: 'WARN',
      }),
      logOf(781, 'the bank declined the card: insufficient funds', {
        service: 'payments',
        severity: 'error',
        severityNumber: 17,
        severityText: 'ERROR',
        spanId: '0000000000000008',
        attributes: DECLINED.attributes,
      }),
    ],
  )
}
