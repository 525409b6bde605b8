/** What the value of a field may be, as its name tells. */
export type NameVerdict = (typeof NAME)[keyof typeof NAME]

export const NAME = {
  open: 0,
  /** A secret, whatever is in it. */
  secret: 1,
  /** A secret, but for numbers: `tokens: 12` counts them. */
  countable: 2,
  /** A secret if it is a text: `auth: {...}` and `session: {...}` have fields with names of their own. */
  text: 3,
  /** As the field `name` or `key` beside it says: `{ name: 'password', value: '...' }`. */
  told: 4,
  /** No field: the value says itself what it is in JSON. */
  json: 5,
} as const

/**
 * Judges the name of a field, in camelCase, snake_case, kebab-case or as a header. What ends with a word such as
 * `count`, `type` or `expiresAt` tells about a secret and is none.
 */
export function judgeName(name: string): NameVerdict {
  const slot = (name.length * 31 + name.charCodeAt(0) + name.charCodeAt(name.length - 1) * 7) & 255
  // Names in code are one object each, so this takes a nanosecond or two.
  if (openNames[slot] === name) return NAME.open
  let verdict = verdicts.get(name)
  if (verdict === undefined) {
    verdict = judge(name)
    if (name.length > LONGEST_KEPT) return verdict
    if (verdicts.size >= MOST_KEPT) verdicts.clear()
    verdicts.set(name, verdict)
  }
  if (verdict === NAME.open) openNames[slot] = name
  return verdict
}

/** Whether it is a header that carries a secret: the item behind it in a list of headers is one. */
export function isSecretHeader(name: string): boolean {
  return name.length <= LONGEST_KEPT && HEADER.test(name) && judgeName(name) === NAME.secret
}

const MOST_KEPT = 2_000
const LONGEST_KEPT = 100
const verdicts = new Map<string, NameVerdict>()
/** The last one of each slot; texts may be found equal that are not one object, which takes longer and is as right. */
const openNames: string[] = new Array<string>(256).fill('')

/** A secret wherever they are in a name. */
const SECRET_WORDS = new Set(
  (
    'password passwords passwd passwds pwd passphrase passcode secret secrets token authorization cookie cookies ' +
    'credential credentials bearer jwt cvv cvc csc ssn otp totp'
  ).split(' '),
)
/** A secret if they stand side by side, or are written as one. */
const SECRET_PAIRS = new Set(
  (
    'apikey apikeys accesskey accesskeys privatekey privatekeys signingkey encryptionkey decryptionkey masterkey ' +
    'sshkey accountkey sharedkey hmackey storagekey sessionkey licensekey creditcard cardnumber ccnumber ' +
    'sessionid sessid phpsessid authheader pincode securitycode verificationcode recoverycode recoverycodes ' +
    'backupcode backupcodes mfacode socialsecurity'
  ).split(' '),
)
/** Words written as one with others: `accesstoken`, `DBPASSWORD`. */
const RUN_ON =
  /(?:password|passwd|passphrase|token|secret|apikey|privatekey|authorization|cookie|sessionid|sessid|credentials?)$/
/** Names that are a secret as a whole, if they are a text. */
const TEXTS = new Set(['auth', 'x auth', 'session', 'sid', 'connect sid', 'csrf', 'xsrf'])
/** The last word of what tells about a secret. */
const ABOUT = new Set(
  (
    'count counts length size limit limits quota type types kind expiry expires expired expiration at in on ttl age ' +
    'enabled required valid invalid missing present usage used budget name names status state strength attempts ' +
    'policy bytes ms seconds minutes hours days date time version format algorithm scope scopes index header url uri ' +
    'path domain last'
  ).split(' '),
)
const HEADER = /^(?:authorization|cookie|[a-z0-9]+(?:-[a-z0-9]+)+)$/i

function judge(name: string): NameVerdict {
  if (name === 'value') return NAME.told
  if (name === 'toJSON') return NAME.json
  const words = wordsOf(name)
  const last = words.at(-1)
  if (last === undefined) return NAME.open
  if (TEXTS.has(words.join(' '))) return NAME.text
  if (last === 'pin') return NAME.secret
  if (last === 'pass') return NAME.countable
  if (isAbout(words)) return NAME.open
  for (const [at, word] of words.entries()) {
    if (word === 'tokens') return NAME.countable
    if (SECRET_WORDS.has(word) || SECRET_PAIRS.has(word) || RUN_ON.test(word)) return NAME.secret
    if (SECRET_PAIRS.has(word + (words[at + 1] ?? ''))) return NAME.secret
  }
  return NAME.open
}

/** `authHeader` is a secret in spite of its last word. */
function isAbout(words: readonly string[]): boolean {
  const last = words.at(-1) ?? ''
  return words.length > 1 && ABOUT.has(last) && !SECRET_PAIRS.has((words.at(-2) ?? '') + last)
}

/** In lower case, without digits at their ends. */
function wordsOf(name: string): string[] {
  return name
    .slice(0, LONGEST_KEPT * 2)
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .map((word) => word.replace(/[0-9]+$/, ''))
    .filter((word) => word !== '')
}
