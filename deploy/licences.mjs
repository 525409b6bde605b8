/** The licences of what is in a bundle. Only Node built-ins: it runs before anything is installed. */
import fs from 'node:fs'
import { join } from 'node:path'

/**
 * The licences of the packages in a bundle, which come with every copy of them: names and versions of those that have one in
 * common, a line each, and its text.
 *
 * @param {{ inputs: Record<string, unknown> }} metafile of esbuild
 * @param {string} root the folder its paths count from
 */
export function licencesOf({ inputs }, root) {
  const folders = new Set()
  for (const path of Object.keys(inputs)) {
    const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]
    if (folder !== undefined) folders.add(join(root, folder))
  }
  /** Packages by the text of their licence, which many have in common. */
  const packages = new Map()
  for (const folder of [...folders].sort()) {
    const about = JSON.parse(fs.readFileSync(join(folder, 'package.json'), 'utf8'))
    const text = fileOf(folder) ?? sectionOf(folder) ?? standardOf(about)
    if (text === null) throw new Error(`cannot bundle ${about.name}: it has no licence`)
    packages.set(text, (packages.get(text) ?? new Set()).add(`${about.name} ${about.version}`))
  }
  return [...packages]
    .map(([text, names]) => `${[...names].join('\n')}\n\n${text}\n`)
    .join(`\n${'-'.repeat(80)}\n\n`)
}

/** @param {string} folder */
function fileOf(folder) {
  const name = fs.readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  return name === undefined ? null : fs.readFileSync(join(folder, name), 'utf8').trim()
}

/**
 * Some have it in their README alone.
 *
 * @param {string} folder
 */
function sectionOf(folder) {
  const name = fs.readdirSync(folder).find((entry) => /^readme/i.test(entry))
  if (name === undefined) return null
  const section = fs.readFileSync(join(folder, name), 'utf8').split(/^#+ licen[cs]e *$/im)[1]
  return section?.includes(GRANT) ? section.trim() : null
}

/**
 * And some only name it.
 *
 * @param {{ license?: unknown, author?: string | { name: string } }} about
 */
function standardOf({ license, author }) {
  const holder = typeof author === 'string' ? author : author?.name
  return license === 'MIT' && holder !== undefined ? MIT.replace('HOLDER', holder) : null
}

const GRANT = 'Permission is hereby granted'
const MIT = `MIT License

Copyright (c) HOLDER

${GRANT}, free of charge, to any person obtaining a copy of this software and associated documentation files (the
"Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge,
publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do
so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE
FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`
