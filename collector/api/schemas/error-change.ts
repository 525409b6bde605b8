import { Type } from 'typebox'
import { closed, orNull } from './field'

const MAX_NAME_LENGTH = 200
/** As long as a release is kept. */
export const MAX_RELEASE_LENGTH = 256
const MAX_NOTES_LENGTH = 10_000
const MAX_LISTED = 1000
/** Minutes are told apart for two days. */
const MAX_MINUTES = 2 * 24 * 60
const MAX_MUTED_MINUTES = 10 * 366 * 24 * 60
const MAX_THROWS = 1_000_000_000

const by = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: MAX_NAME_LENGTH,
    description: 'Who does it, for the history; the scope of the token unless given',
  }),
)

const resolution = {
  in: Type.Optional(
    Type.Unsafe<'now' | 'release' | 'next_release'>({
      type: 'string',
      enum: ['now', 'release', 'next_release'],
      description:
        'It comes back (regressed) with any later throw (now, unless said otherwise), with one of a later release than ' +
        'this, or of the next',
    }),
  ),
  release: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: MAX_RELEASE_LENGTH,
      description: 'service.version, with in: release; the newest one unless given',
    }),
  ),
  notes: Type.Optional(Type.String({ maxLength: MAX_NOTES_LENGTH, description: 'Why' })),
}

/** How a group is resolved. */
export const Resolve = closed({ by, ...resolution })

/** The same as it was asked for before. */
export const ResolveLegacy = closed({ resolvedBy: by, ...resolution })

/** Who does something, nothing else. */
export const Reopen = closed({ by })

/** How long a group is muted: for good without an end. */
export const Mute = closed({
  by,
  until: Type.Optional(
    Type.String({ minLength: 1, description: 'RFC 3339, or unix seconds; not with minutes' }),
  ),
  minutes: Type.Optional(
    Type.Integer({ minimum: 1, maximum: MAX_MUTED_MINUTES, description: 'From now' }),
  ),
  count: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: MAX_THROWS,
      description: 'So many throws within perMinutes end it, too',
    }),
  ),
  perMinutes: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_MINUTES })),
})

/** Who looks after a group. */
export const Assign = closed({
  by,
  assignee: Type.Unsafe<string | null>({
    ...orNull<string>('string', 'Any name; null for nobody'),
    minLength: 1,
    maxLength: MAX_NAME_LENGTH,
  }),
})

/** Groups of the same service whose hashes become those of this one. */
export const Merge = closed({
  by,
  others: Type.Array(Type.String(), {
    minItems: 1,
    maxItems: MAX_LISTED,
    description: 'Their ids',
  }),
})

/** Hashes that become a group of their own again. */
export const Split = closed({
  by,
  hashes: Type.Array(Type.String(), {
    minItems: 1,
    maxItems: MAX_LISTED,
    description: 'As /why lists them; that of the first is the id of the group they become',
  }),
})
