/**
 * Secrets, planted where they slip into what applications tell of: none of them may be found in a table, log, answer or page. To
 * look for them, search for `planted-secret-`.
 */
module.exports.PLANTED = {
  /** In bodies that are logged. */
  password: 'planted-secret-password',
  /** In headers that are told of. */
  session: 'planted-secret-session',
  authorization: 'planted-secret-authorization',
  apiKey: 'planted-secret-api-key-7f3a',
  /** In the query of a customer's request, and in that of a webhook's address. */
  query: 'planted-secret-query',
  webhook: 'planted-secret-webhook',
  /** In the binding of a child logger. */
  binding: 'planted-secret-binding',
  /** In an error: a property of it, its message and that of its cause. */
  property: 'planted-secret-property',
  message: 'planted-secret-message',
  cause: 'planted-secret-cause',
  /** In the change of a setting. */
  setting: 'planted-secret-setting',
}
