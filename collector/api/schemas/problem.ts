import { Type, type Static } from 'typebox'
import { closed, text } from './field'

/** RFC 9457. */
export const Problem = closed(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    instance: text('The path that was asked for'),
    errors: Type.Optional(
      Type.Array(
        closed({ name: text('The parameter'), reason: text('Its value and what is allowed') }),
      ),
    ),
  },
  { $id: 'Problem', description: 'What went wrong (RFC 9457)' },
)
export type Problem = Static<typeof Problem>
