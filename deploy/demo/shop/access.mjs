import sidelight from './sidelight.cjs'

const { createRequestLogger, logHttpRequest, trackAPIRequest } = sidelight

/** Middleware: gives each request a logger of its own, writes the access log and counts the request as one of the API. */
export function tellAccess(request, response, next) {
  const { method, path } = request
  const startedAt = performance.now()
  request.log = createRequestLogger({ method, path })
  response.once('finish', () => {
    const { statusCode } = response
    const durationMs = performance.now() - startedAt
    const resource = path.split('/')[1]
    logHttpRequest({ method, path, statusCode, durationMs })
    trackAPIRequest({ method, path, resource, statusCode, durationMs })
  })
  next()
}
