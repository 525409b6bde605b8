import { Type, type TProperties } from 'typebox'

/** A string. */
export const text = (description: string) => Type.String({ description })

/** Lower-case hex digits, as many as given. */
export const hex = (digits: number) => Type.String({ pattern: `^[0-9a-f]{${digits}}$` })

/** A whole number from 0. */
export const count = (description: string) => Type.Integer({ minimum: 0, description })

/** One type array instead of a union: the serializer would test every member of a union at run time. */
export const orNull = <T>(type: string, description: string) =>
  Type.Unsafe<T | null>({ type: [type, 'null'], description })

/** An object of these properties and no others. */
export const closed = <P extends TProperties>(properties: P, options: object = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options })

/** Refers to a schema registered under its `$id`. */
export function refer<T>(id: string) {
  return Type.Unsafe<T>({ $ref: `${id}#` })
}

/** Attributes as they are stored, with int64 as strings. */
export const Attributes = Type.Record(Type.String(), Type.Unknown(), {
  description:
    'int64 values are strings, doubles numbers; NaN and infinities {"$double":"NaN"}, bytes {"$bytes":"base64"}; ' +
    'a key that itself begins with $ has one $ more',
})
