import { AjvCompiler } from '@fastify/ajv-compiler'
import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import type { FastifyServerOptions } from 'fastify'

type Compilers = NonNullable<
  NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']
>

/** As Fastify calls it: false with `errors` for what the schema refuses. */
interface Validate {
  (data: unknown): unknown
  errors?: unknown
}
type Serialize = (data: unknown) => string

/** Makes the compiler of a plugin's routes, which makes a function a schema. */
type Factory<F> = (schemas: unknown, options: unknown) => (route: unknown) => F

/**
 * Fastify's own compilers, asked when a route is first used instead of at the start: what checks and writes answers that
 * nobody asks for would take 12 MiB.
 */
export function lazyCompilers(): Compilers {
  const validator = AjvCompiler() as unknown as Factory<Validate>
  const serializer = SerializerSelector() as unknown as Factory<Serialize>
  return {
    buildValidator: lazily(validator, (compiled) => {
      const validate: Validate = (data) => {
        const isValid = compiled()(data)
        validate.errors = compiled().errors
        return isValid
      }
      return validate
    }),
    buildSerializer: lazily<Serialize>(serializer, (compiled) => (data) => compiled()(data)),
  } as unknown as Compilers
}

function lazily<F>(factory: Factory<F>, stand: (compiled: () => F) => F): Factory<F> {
  return (schemas, options) => {
    const compile = once(() => factory(schemas, options))
    return (route) => stand(once(() => compile()(route)))
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}
