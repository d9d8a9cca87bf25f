import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { Child } from '../http/child.ts'
import type { AppOptions } from './app-process.ts'
import { ask } from './client.ts'
import type { Place } from './stores.ts'

export type ListenerName = 'a neighbour' | 'another process of the app'

/** Who is to hear of a logout. */
export interface Listener {
  readonly name: ListenerName
  readonly port: number
}

/** An app that logs out in one process and publishes its revocations in another, and a neighbour. */
export interface Site {
  readonly children: readonly Child[]
  /** Where sessions log in and out. */
  readonly app: number
  readonly listeners: readonly Listener[]
  /** All processes. */
  readonly ports: readonly number[]
}

export async function startSite(place: Place): Promise<Site> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const common: AppOptions = { place, keys: privateKey.export({ format: 'jwk' }) }
  const [publishing, publisher] = await start('app-process.ts', JSON.stringify(common))
  const issuer = `http://127.0.0.1:${publisher}`
  const [service, neighbour] = await start('neighbour-process.ts', issuer)
  const listeners: Listener[] = [{ name: 'a neighbour', port: neighbour }]
  const children = [publishing, service]
  if (place.kind === 'memory') {
    return { children, app: publisher, listeners, ports: [publisher, neighbour] }
  }
  const [child, app] = await start('app-process.ts', JSON.stringify({ ...common, issuer }))
  // Whoever is not told serves from memory for ten seconds, as `maxStale` says.
  if (place.tells) listeners.push({ name: 'another process of the app', port: publisher })
  return { children: [...children, child], app, listeners, ports: [app, publisher, neighbour] }
}

async function start(program: string, argument: string): Promise<[Child, number]> {
  const child = new Child(`../feed/${program}`, [argument])
  return [child, await child.hear<number>()]
}

/** Whether a process takes the cookie for somebody's. */
export async function knows(port: number, cookie: string): Promise<boolean> {
  const { status } = await ask(port, 'GET', '/me', cookie)
  assert(status === 204 || status === 401, `answered ${status}`)
  return status === 204
}

/** @returns the session as a `Cookie` header */
export async function logIn({ app }: Site, user: string): Promise<string> {
  const { status, cookie } = await ask(app, 'POST', `/login/${user}`)
  assert.equal(status, 204)
  return cookie
}
