import type { IncomingMessage } from 'node:http'
import { isBelow500 } from './refusal'
import { failRequest, nameRoute } from './route'

interface Request {
  readonly raw: { readonly req: IncomingMessage }
  readonly route: { readonly method: string; readonly path: string }
}

interface RequestClass {
  readonly prototype: {
    _lookup(this: Request, ...args: unknown[]): unknown
    _setResponse(this: Request, response: unknown, ...args: unknown[]): unknown
  }
}

/** hapi looks up the route of each request once, and sets each response it comes to, errors as Boom objects. */
export function patchRequest({ prototype }: RequestClass): void {
  const { _lookup: lookup, _setResponse: setResponse } = prototype
  prototype._lookup = function (...args) {
    const result = lookup.apply(this, args)
    // Its own routes, for what is not found, a bad request and CORS, match everything.
    if (this.route.method !== '_special') nameRoute(this.raw.req, this.route.path)
    return result
  }
  prototype._setResponse = function (response, ...args) {
    if (isBoom(response))
      failRequest(this.raw.req, response, isBelow500(response.output.statusCode))
    return setResponse.call(this, response, ...args)
  }
}

interface Boom {
  readonly isBoom: true
  readonly output: { readonly statusCode: number }
}

function isBoom(response: unknown): response is Boom {
  return (response as Partial<Boom> | null | undefined)?.isBoom === true
}
