/**
 * The instructions of a Dockerfile, a list of stages. Comments and the ends of continued lines are gone; nothing is expanded.
 *
 * @param {string} text
 * @returns {{ keyword: string, rest: string }[][]} what stands before the first stage comes first
 */
export function stagesOf(text) {
  const lines = text
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n')
  const stages = [[]]
  for (const line of lines) {
    const [, keyword, rest] = /^(\S+)\s+(.*)$/.exec(line.trim())
    if (keyword === 'FROM') stages.push([])
    stages.at(-1).push({ keyword, rest })
  }
  return stages
}

/**
 * What a container of the last stage is: the folders it copies from the build, its environment, user, folder and command.
 *
 * @param {string} text
 */
export function imageOf(text) {
  const all = (keyword) =>
    stagesOf(text)
      .at(-1)
      .filter((instruction) => instruction.keyword === keyword)
      .map(({ rest }) => rest)
  return {
    copies: all('COPY').map((rest) => {
      const words = rest.split(/\s+/)
      const flags = words.filter((word) => word.startsWith('--'))
      const [from, to] = words.filter((word) => !word.startsWith('--'))
      const flag = (name) => flags.find((one) => one.startsWith(`--${name}=`))?.split('=')[1]
      return { from, to, chown: flag('chown') ?? '0:0', chmod: flag('chmod') ?? null }
    }),
    env: Object.fromEntries(all('ENV').flatMap((rest) => rest.split(/\s+/).map(pairOf))),
    labels: Object.fromEntries(
      all('LABEL').flatMap((rest) =>
        [...rest.matchAll(/([\w.]+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
      ),
    ),
    user: all('USER').at(-1),
    folder: all('WORKDIR').at(-1) ?? '/',
    entrypoint: all('ENTRYPOINT').flatMap((rest) => JSON.parse(rest)),
    cmd: all('CMD').flatMap((rest) => JSON.parse(rest)),
  }
}

function pairOf(word) {
  const at = word.indexOf('=')
  return [word.slice(0, at), word.slice(at + 1)]
}
