import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'
import { ROOT } from './application'

/** An `@example` of a docstring. */
export interface Example {
  /** What it is an example of. */
  readonly name: string
  /** The file with the docstring, from the root of the repository. */
  readonly file: string
  readonly code: string
}

/** What applications import, and which file that is; their functions and classes are what needs examples. */
export const ENTRIES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    sidelight: 'instrumentation/index.ts',
    'sidelight/client': 'instrumentation/client/index.ts',
  }).filter(([, file]) => existsSync(join(ROOT, file))),
)

/** The examples of all functions and classes that `ENTRIES` export, and the names of those that have none. */
export function findExamples(): { examples: Example[]; missing: string[] } {
  const files = Object.values(ENTRIES).map((file) => join(ROOT, file))
  const program = ts.createProgram(files, OPTIONS)
  const examples: Example[] = []
  const missing: string[] = []
  for (const [name, declaration] of exportedCode(program, files)) {
    const source = declaration.getSourceFile()
    const file = relative(ROOT, source.fileName)
    const found = examplesIn(commentOf(declaration, source)).map((code) => ({ name, file, code }))
    if (found.length === 0) missing.push(`${name} (${file})`)
    examples.push(...found)
  }
  return { examples, missing }
}

/** Type-checks examples, each a module of its own. Returns what is wrong, a line an error. */
export function checkExamples(examples: readonly Example[]): string[] {
  const texts = new Map(examples.map((example, at) => [virtualPath(at), example]))
  const host = ts.createCompilerHost(OPTIONS)
  const { fileExists, readFile } = host
  host.fileExists = (path) => texts.has(path) || fileExists(path)
  host.readFile = (path) => texts.get(path)?.code ?? readFile(path)
  const program = ts.createProgram([...texts.keys()], OPTIONS, host)
  return [...texts].flatMap(([path, { name, file }]) => {
    const source = program.getSourceFile(path)
    return ts.getPreEmitDiagnostics(program, source).map(({ messageText, start = 0 }) => {
      const line = (source?.getLineAndCharacterOfPosition(start).line ?? 0) + 1
      return `${name} (${file}), line ${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
    })
  })
}

/** What an example imports. */
export function importsOf(code: string): string[] {
  return ts.preProcessFile(code).importedFiles.map(({ fileName }) => fileName)
}

/** An example as JavaScript that says what its marked lines print, and what they are to print: texts in the order of their lines. */
export function makeRunnable(code: string): { source: string; prints: string[] } {
  const prints: string[] = []
  const marked = code.replaceAll(PRINTS, (_, indent: string, value: string, text: string) => {
    return `${indent}globalThis.tell(${prints.push(text) - 1}, ${value})`
  })
  const { outputText } = ts.transpileModule(marked, {
    compilerOptions: OPTIONS,
    fileName: 'example.mts',
  })
  return { source: `${TELL}\n${outputText}`, prints }
}

/** What the marked lines of an example printed, in their order; of a line that printed several texts all. */
export function printedIn(stdout: string): string[] {
  const printed: Set<string>[] = []
  for (const line of stdout.split('\n')) {
    if (!line.startsWith(MARK)) continue
    const [at, text] = JSON.parse(line.slice(MARK.length)) as [number, string]
    ;(printed[at] ??= new Set()).add(text)
  }
  return [...printed].map((texts = new Set(['nothing'])) => [...texts].join(', then '))
}

const PRINTS = /^(\s*)console\.log\((.*)\)(?: |\n\s*)\/\/ prints (.*)$/gm
const MARK = 'told '
/** On one line, so that lines in stack traces are those of the example but for one. */
const TELL = `import { format } from 'node:util'; globalThis.tell = (line, ...values) => { process.stdout.write('\\n${MARK}' + JSON.stringify([line, format(...values)]) + '\\n') };`

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts'],
  module: ts.ModuleKind.Node20,
  types: ['node'],
  typeRoots: [join(ROOT, 'node_modules', '@types')],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  noEmit: true,
  paths: Object.fromEntries(
    Object.entries(ENTRIES).map(([name, file]) => [name, [join(ROOT, file)]]),
  ),
}

/** Beside the tests, where the packages are found; modules, in which `await` stands anywhere. */
function virtualPath(at: number): string {
  return join(__dirname, `example-${at}.mts`)
}

/** The functions and classes that are exported, with their declarations. */
function exportedCode(program: ts.Program, files: readonly string[]): Map<string, ts.Declaration> {
  const checker = program.getTypeChecker()
  const found = new Map<string, ts.Declaration>()
  for (const file of files) {
    const source = program.getSourceFile(file)
    const symbol = source && checker.getSymbolAtLocation(source)
    for (const exported of symbol === undefined ? [] : checker.getExportsOfModule(symbol)) {
      const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0
      const { declarations = [] } = isAlias ? checker.getAliasedSymbol(exported) : exported
      const declaration = declarations.find((one) => isCode(checker, one))
      if (declaration !== undefined) found.set(exported.name, declaration)
    }
  }
  return found
}

function isCode(checker: ts.TypeChecker, declaration: ts.Declaration): boolean {
  if (ts.isFunctionDeclaration(declaration) || ts.isClassDeclaration(declaration)) return true
  if (!ts.isVariableDeclaration(declaration)) return false
  const type = checker.getTypeAtLocation(declaration)
  return type.getCallSignatures().length > 0
}

/** The docstring as it is written. */
function commentOf(declaration: ts.Declaration, source: ts.SourceFile): string {
  const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
  const comments = ts.getLeadingCommentRanges(source.text, statement.pos) ?? []
  const last = comments.at(-1)
  return last === undefined ? '' : source.text.slice(last.pos, last.end)
}

/** What stands after each `@example`, up to the next tag at the beginning of a line, without a fence around it. */
function examplesIn(comment: string): string[] {
  const lines = comment
    .replace(/^\/\*\*/, '')
    .replace(/\*\/$/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
  const examples: string[][] = []
  let current: string[] | undefined
  for (const line of lines) {
    if (line.startsWith('@')) {
      current = line.trim() === '@example' ? [] : undefined
      if (current !== undefined) examples.push(current)
    } else current?.push(line)
  }
  return examples.map((example) =>
    example
      .filter((line) => !line.startsWith('```'))
      .join('\n')
      .trim(),
  )
}
