import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { claimFolder } from '../collector/owner'
import { dataDirectory } from './helpers/process'

const ELSEWHERE = 'another-host pid:[1]'

function leaveClaim(folder: string, claim: object | string): string {
  const file = join(folder, 'owner', '1')
  mkdirSync(join(folder, 'owner'), { recursive: true })
  writeFileSync(file, typeof claim === 'string' ? claim : JSON.stringify(claim))
  return file
}

async function isFree(t: Test, folder: string): Promise<void> {
  const release = await claimFolder(folder)
  await t.rejects(claimFolder(folder), {
    name: 'FolderInUse',
    message: `cannot use ${folder}: another sidelight (pid ${process.pid}) runs on it; set SIDELIGHT_DATA_DIR to another folder`,
  })
  release()
  release()
  const again = await claimFolder(folder)
  again()
}

t.test('a folder has one owner at a time, until it is released', async (t) => {
  await isFree(t, dataDirectory(t))
})

t.test('an owner whose number another process has now is gone', async (t) => {
  const folder = dataDirectory(t)
  const { place } = await claimOfThisProcess(folder)
  leaveClaim(folder, { pid: process.pid, identity: 'started before', place, released: false })
  await isFree(t, folder)
})

t.test('a claim that a crash of the machine left empty binds nobody', async (t) => {
  const folder = dataDirectory(t)
  leaveClaim(folder, '')
  await isFree(t, folder)
})

t.test('an owner in another container lives as long as it is heard', async (t) => {
  const folder = dataDirectory(t)
  const file = leaveClaim(folder, { pid: 1, identity: 'x', place: ELSEWHERE, released: false })
  const beat = setInterval(() => utimesSync(file, new Date(), new Date()), 100)
  await t.rejects(claimFolder(folder), { message: /pid 1 in another container/ })
  clearInterval(beat)
  utimesSync(file, new Date(0), new Date(0))
  await isFree(t, folder)
})

t.test('of many that find a dead owner at once, one succeeds it', async (t) => {
  const folder = dataDirectory(t)
  leaveClaim(folder, '')
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => claimFolder(folder)))
  const winners = outcomes.filter((outcome) => outcome.status === 'fulfilled')
  t.equal(winners.length, 1)
  for (const winner of winners) winner.value()
})

async function claimOfThisProcess(folder: string): Promise<{ place: string }> {
  const other = join(folder, 'other')
  mkdirSync(other)
  const release = await claimFolder(other)
  release()
  const [name = ''] = readdirSync(join(other, 'owner'))
  return JSON.parse(readFileSync(join(other, 'owner', name), 'utf8')) as { place: string }
}
