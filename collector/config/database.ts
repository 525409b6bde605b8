import { BadValue } from './fault'
import type { ValueType } from './value'

/** A Postgres connection URL. Its texts never repeat it. */
export function connectionUrl(): ValueType<string> {
  return {
    allowed: 'postgres://user:password@host:port/database or postgresql://…',
    isList: false,
    parse(value) {
      if (!/^postgres(ql)?:\/\//.test(value)) {
        throw new BadValue('it does not begin with postgres:// or postgresql://')
      }
      if (/^[^/]*\/\/([^/?]*@)?[^/?]*,/.test(value)) {
        throw new BadValue('it names several hosts, and only one can be used')
      }
      if (toUrl(value) === null) {
        throw new BadValue('it is not a URL; special characters in a password are percent-encoded')
      }
      return value
    },
    format: (value) => value,
  }
}

/** The connection URL with its password, wherever it stands, as `***`; all of it if it cannot be read. */
export function maskUrl(value: string): string {
  const url = toUrl(value)
  if (url === null) return '***'
  const query = [...url.searchParams].map(([name, text]) => {
    return `${encodeURIComponent(name)}=${/password|key|secret/i.test(name) ? '***' : text}`
  })
  const user = url.username === '' ? '' : url.username
  const login = url.password === '' ? user : `${user}:***`
  const host = url.hostname === DUMMY_HOST ? '' : url.host
  const search = query.length === 0 ? '' : `?${query.join('&')}`
  return `${url.protocol}//${login === '' ? '' : `${login}@`}${host}${url.pathname}${search}`
}

/** Which PG* variables choose a database when there is no DATABASE_URL. */
export const LIBPQ_NAMES = ['PGHOST', 'PGDATABASE'] as const

/**
 * The URL the PG* variables of libpq stand for, null when neither PGHOST nor PGDATABASE is set. What it leaves out
 * (PGSSLMODE, a password file) the driver reads itself.
 */
export function readLibpqUrl(env: NodeJS.ProcessEnv): string | null {
  if (LIBPQ_NAMES.every((name) => !env[name])) return null
  const { PGHOST: host = '', PGPORT: port, PGUSER: user, PGPASSWORD: password } = env
  const isSocket = host.startsWith('/')
  const login = user
    ? `${encodeURIComponent(user)}${password ? `:${encodeURIComponent(password)}` : ''}@`
    : ''
  const authority = isSocket ? '' : `${host.includes(':') ? `[${host}]` : host || 'localhost'}`
  const query = new URLSearchParams({
    ...(isSocket ? { host } : {}),
    ...(isSocket && port ? { port } : {}),
  }).toString()
  return [
    `postgresql://${login}${authority}`,
    !isSocket && port ? `:${port}` : '',
    `/${encodeURIComponent(env['PGDATABASE'] ?? '')}`,
    query === '' ? '' : `?${query}`,
  ].join('')
}

/** A URL may have a login and no host, which means a socket; the URL parser only knows that with a host put in. */
function toUrl(value: string): URL | null {
  try {
    return new URL(value)
  } catch {
    const withHost = value.replace('@/', `@${DUMMY_HOST}/`)
    return URL.canParse(withHost) ? new URL(withHost) : null
  }
}

const DUMMY_HOST = 'socket.invalid'
