import type { Endpoint, Plan } from './endpoint'

/** The plan of a command of Redis. */
export function planCommand(endpoint: Endpoint, name: string): Plan {
  return endpoint.call(name, () => {
    const operation = name.toUpperCase()
    return { operation, name: operation }
  })
}

/** The plan of commands that are sent together, as `PIPELINE SET` if all do the same. */
export function planBatch(
  endpoint: Endpoint,
  kind: 'PIPELINE' | 'MULTI',
  names: readonly string[],
): Plan {
  const [first] = names
  const same = first !== undefined && names.every((name) => name === first)
  const operation = same ? `${kind} ${first.toUpperCase()}` : kind
  return endpoint.call(operation, () => ({ operation, name: operation }))
}

/** Characters of an argument that are shown. */
const MAX_ARGUMENT = 100
const MAX_ARGUMENTS = 16

/** A command with its keys, and a `?` for each value; nothing but `?` for a command that is not known. */
export function showCommand(name: string, args: readonly unknown[], first = 0): string {
  const operation = name.toUpperCase()
  const shown = shownArguments(operation)
  let text = operation
  for (let at = first; at < args.length; at += 1) {
    if (at - first === MAX_ARGUMENTS) return `${text} …`
    const arg = args[at]
    text += at - first < shown && isPlain(arg) ? ` ${cut(String(arg))}` : ' ?'
  }
  return text
}

/** Commands shown together, one a line. */
export function showBatch(commands: Iterable<string>): string {
  let text = ''
  for (const command of commands) {
    if (text.length + command.length > MAX_BATCH) return `${text}\n…`
    text += text === '' ? command : `\n${command}`
  }
  return text
}

const MAX_BATCH = 4096

function isPlain(arg: unknown): boolean {
  return typeof arg === 'string' || typeof arg === 'number'
}

function cut(text: string): string {
  return text.length > MAX_ARGUMENT ? `${text.slice(0, MAX_ARGUMENT)}…` : text
}

const shownByName = new Map<string, number>()

/** How many arguments of a command are keys, fields, or other names: those are shown. */
function shownArguments(operation: string): number {
  const known = shownByName.get(operation)
  if (known !== undefined) return known
  const found = SHOWN.find(([pattern]) => pattern.test(operation))
  const shown = found?.[1] ?? 0
  if (shownByName.size < MAX_NAMES) shownByName.set(operation, shown)
  return shown
}

const MAX_NAMES = 500

/**
 * By the beginning of the name, the first that fits. Those with all arguments shown have keys, fields, numbers and
 * options only; scripts have values among their arguments, and what authenticates has nothing else.
 */
const SHOWN: readonly (readonly [RegExp, number])[] = [
  [/^(?:AUTH|HELLO|ACL|CONFIG|MIGRATE|ECHO|PING)/, 0],
  [/^(?:EVAL|FCALL|FUNCTION|SCRIPT)/, 0],
  [
    /^(?:GETSET|LPOS|SISMEMBER|SMISMEMBER|SMOVE|SREM|LREM|ZREM$|ZSCORE|ZRANK|ZREVRANK|ZMSCORE|ZINCRBY|GEOADD|BF\.|CF\.)/,
    1,
  ],
  [
    /^(?:LPUSH|RPUSH|MSET|PFA|PUBLISH|SPUBLISH|SADD|SETEX|PSETEX|SETNX|SETRANGE|SET$|APPEND|XADD|ZADD|RESTORE)/,
    1,
  ],
  [/^(?:HSET|HMSET|LSET|LINSERT|JSON\.SET|JSON\.ARR)/, 2],
  [
    /^(?:BIT|B[LRZ]|COPY|DECR|DEL|DUMP|EX|GEO|GET|H(?:DEL|EX|GET|INCR|KEYS|LEN|MGET|SCAN|STRLEN|VALS)|INCR|KEYS|L(?:INDEX|LEN|MOVE|MPOP|POP|RANGE|TRIM)|MGET|P(?:ERSIST|EXPIRE|FCOUNT|FMERGE|TTL)|RENAME|RPOP|S(?:CAN|CARD|DIFF|ELECT|INTER|MEMBERS|ORT|POP|RANDMEMBER|SCAN|TRLEN|UNION)|TOUCH|TTL|TYPE|UNLINK|WATCH|X(?:ACK|AUTOCLAIM|CLAIM|DEL|GROUP|INFO|LEN|PENDING|RANGE|READ|REVRANGE|TRIM)|Z(?:CARD|COUNT|DIFF|INTER|POP|RANGE|REVRANGE|SCAN|UNION)|JSON\.GET|JSON\.MGET)/,
    Infinity,
  ],
]
