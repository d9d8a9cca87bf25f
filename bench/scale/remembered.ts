import { join } from 'node:path'
import { createSessions, type Duration, type Sessions } from 'symbolon'
import { sqlite } from 'symbolon/stores/sqlite'
import { login } from 'symbolon/testing'
import { generateKey } from '../../src/cli/keygen.ts'
import { vitals } from '../soak/vitals.ts'

/** What a process holds of each session that it has seen, in bytes. */
export interface Remembered {
  /** The verified token. */
  readonly token: number
  /** With `maxStale`, the record besides. */
  readonly record: number
}

/** As many as a process remembers tokens of. */
const SESSIONS = 10_000
const USER = { id: '7', roles: ['editor', 'billing'] }

/** @param folder where files may lie */
export async function measureRemembered(folder: string, sessions = SESSIONS): Promise<Remembered> {
  const keys = generateKey()
  const store = sqlite({ file: join(folder, 'remembered.db') })
  const opening = (maxStale: Duration): Sessions =>
    createSessions({ keys, fields: ['id', 'roles'], store, maxStale })
  const app = opening(0)
  const cookies: string[] = []
  const options = { data: { theme: 'dark', visits: 0 }, inProduction: true }
  while (cookies.length < sessions) {
    cookies.push((await login(app, { ...USER, id: `${cookies.length}` }, options)).cookie)
  }
  const token = await growthOf(opening(0), cookies)
  const both = await growthOf(opening('60s'), cookies)
  await store.close?.()
  return { token, record: both - token }
}

async function growthOf(sessions: Sessions, cookies: readonly string[]): Promise<number> {
  const before = vitals().heap
  for (const cookie of cookies) {
    const visit = await sessions.open({ cookie, method: 'GET', navigation: false })
    if (visit.auth === undefined) throw new Error('A session that was logged in is not found')
  }
  const grown = (vitals().heap - before) / cookies.length
  // Named again, so that nothing of it was collected before.
  void sessions.counts
  return grown
}
