import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import type { KubernetesObject } from './objects'

const FOLDER = join(__dirname, 'models')
const PACKAGE = join(FOLDER, 'node_modules', 'kubernetes-models')
const FILE = join(FOLDER, 'objects.mts')

/** What is wrong with objects by the types of Kubernetes: values, and fields that do not exist. Empty when nothing is. */
export async function findFaults(objects: readonly KubernetesObject[]): Promise<string[]> {
  const unknown = objects.filter((object) => !existsSync(modelOf(object)))
  if (unknown.length > 0) return unknown.map((object) => `${nameOf(object)}: there is no such kind`)
  const values: string[] = []
  for (const object of objects) values.push(...(await findBadValues(object)))
  return [...values, ...findUnknownFields(objects)]
}

function modelOf({ apiVersion, kind }: KubernetesObject): string {
  return join(PACKAGE, apiVersion, `${kind}.js`)
}

function nameOf({ kind, metadata }: KubernetesObject): string {
  return `${kind} ${metadata.name}`
}

type Model = new (data: object) => { validate(): void }

async function findBadValues(object: KubernetesObject): Promise<string[]> {
  const models = (await import(pathToFileURL(modelOf(object)).href)) as Record<string, Model>
  const Model = models[object.kind]
  if (Model === undefined) return [`${nameOf(object)}: there is no such kind`]
  // Kustomize breaks long values into lines, which Kubernetes takes and this does not.
  const joined = object.kind === 'Secret' ? { ...object, data: joinLines(object.data) } : object
  try {
    new Model(joined).validate()
    return []
  } catch (error) {
    return [`${nameOf(object)}: ${(error as Error).message}`]
  }
}

function joinLines(data: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([key, text]) => [key, text.replaceAll('\n', '')]),
  )
}

/** `validate` takes fields it does not know; the compiler does not, in a literal. */
function findUnknownFields(objects: readonly KubernetesObject[]): string[] {
  const lines = objects.map((object, at) => {
    const path = `kubernetes-models/${object.apiVersion}/${object.kind}`
    return `export const o${at}: import('${path}').I${object.kind} = ${JSON.stringify(object)}`
  })
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    types: [],
  }
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists } = host
  const source = ts.createSourceFile(FILE, lines.join('\n'), ts.ScriptTarget.ES2023)
  host.fileExists = (path) => path === FILE || fileExists(path)
  host.getSourceFile = (path, ...rest) => (path === FILE ? source : getSourceFile(path, ...rest))
  const program = ts.createProgram([FILE], options, host)
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => {
    const { line } = source.getLineAndCharacterOfPosition(diagnostic.start ?? 0)
    const object = objects[line]
    const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ')
    return `${object === undefined ? '' : nameOf(object)}: ${text}`
  })
}
