import sidelight from './sidelight.cjs'

const { createModuleLogger, logAuditEvent, logSecurityEvent } = sidelight

const log = createModuleLogger('login')

/** Lets a customer in. One of them has forgotten the password. */
export function logIn(request, response) {
  const { user } = request.body
  const isRight = user !== 'u-forgetful'
  const outcome = isRight ? 'success' : 'failed'
  logSecurityEvent({
    event: 'login',
    outcome,
    userId: user,
    ip: request.ip,
    ...(isRight ? {} : { reason: 'wrong password', headers: request.headers }),
  })
  log.info({ body: request.body, outcome }, 'somebody logs in')
  if (!isRight) {
    response.status(401).json({ error: 'wrong user or password' })
    return
  }
  logAuditEvent({ action: 'session.begin', actor: user, target: { id: user, type: 'customer' } })
  response.json({ user })
}
