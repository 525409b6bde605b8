import { Type } from 'typebox'
import { closed } from './field'

export const Health = closed(
  { status: Type.Literal('healthy'), timestamp: Type.String() },
  { description: 'It answers' },
)
export const Liveness = closed(
  { status: Type.Literal('alive'), alive: Type.Literal(true) },
  { description: 'It lives' },
)

const Verdict = Type.Unsafe<'healthy' | 'unhealthy'>({
  type: 'string',
  enum: ['healthy', 'unhealthy'],
})
export const Readiness = closed(
  {
    status: Type.Unsafe<'ready' | 'not_ready'>({ type: 'string', enum: ['ready', 'not_ready'] }),
    ready: Type.Boolean(),
    checks: closed({ database: Verdict, spool: Verdict, disk_space: Verdict, memory: Verdict }),
    timestamp: Type.String(),
  },
  { description: 'The verdict of every check' },
)
