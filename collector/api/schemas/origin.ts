import { Type } from 'typebox'
import { Attributes, closed, count } from './field'

/** What sent it. */
export const Resource = closed({
  attributes: Attributes,
  droppedAttributesCount: count('Attributes the sender left out'),
  entityRefs: Type.Array(
    closed({
      schemaUrl: Type.String(),
      type: Type.String(),
      idKeys: Type.Array(Type.String()),
      descriptionKeys: Type.Array(Type.String()),
    }),
  ),
  schemaUrl: Type.String(),
})

/** The instrumentation that made it. */
export const Scope = closed({
  name: Type.String(),
  version: Type.String(),
  attributes: Attributes,
  droppedAttributesCount: count('Attributes the sender left out'),
  schemaUrl: Type.String(),
})
