import { hash } from 'node:crypto'
import type { SessionRecord } from 'symbolon'
import type { LookedAt } from '../token.ts'
import { breakLine } from './drawings.ts'
import { type Content, type Html, html } from './html.ts'

type Members = Readonly<Record<string, unknown>>

export interface Anatomy {
  readonly cookie: LookedAt
  readonly record: SessionRecord
  readonly now: number
}

/** What is in the cookie, and what is only on the server; `sk` is where the halves meet. */
export function halves({ cookie, record, now }: Anatomy): Html {
  const { sk, ...claims } = cookie.claims
  const key = html`<span class="key">${fingerprint(String(sk))}</span>`
  return html`<section class="halves" aria-label="The two halves of this session">
    <div class="half cookie-half">
      <h2>In the cookie</h2>
      <p class="about">
        Travels with every request. Whoever has the public key can read it and trust it.
      </p>
      <dl>${cookieRows(key, claims, cookie.header, now)}</dl>
    </div>
    ${breakLine()}
    <div class="half record-half">
      <h2>Only on the server</h2>
      <p class="about">Never leaves it. Says who you are, and whether you are still logged in.</p>
      <dl>${recordRows(record, key)}</dl>
    </div>
  </section>`
}

function cookieRows(key: Html, claims: Members, header: Members, now: number): Html[] {
  return [
    row(
      'sk',
      key,
      'The session’s key: the edge where the halves fit. Shown as a hash, for whoever has it has your session.',
    ),
    ...Object.entries(claims).map(([name, value]) => claimRow(name, value, now)),
    row(
      'header',
      json(header),
      'Which key signed it, and how. It is an ordinary JWT, so ordinary libraries read it.',
    ),
  ]
}

function recordRows({ userId, version, created, expires, data }: SessionRecord, key: Html): Html[] {
  return [
    row('id', key, 'The same key. A cookie without this record opens nothing here.'),
    row('user', userId, 'Whom login() bound. No claim in a cookie can change it.'),
    row('created', time(created), 'When you logged in; the longest life counts from here.'),
    row('expires', time(expires), 'When the session ends, unless you come back before.'),
    row(
      'version',
      fingerprint(version),
      'New with every write: two requests never undo each other.',
    ),
    row(
      'data',
      html`<pre>${json(JSON.parse(data))}</pre>`,
      'What the app remembers of you, as large and as private as it likes.',
    ),
  ]
}

/** The user's fields: by the short name in the cookie and the long one in code. */
const FIELDS: Record<string, string> = { uid: 'userId', n: 'name', r: 'roles' }

const MEANINGS: Record<string, string> = {
  sub: 'Whom the session belongs to, under the name that every JWT library knows.',
  iss: 'The app that issued it.',
  iat: 'When it was signed, less five seconds for clocks that are slow.',
  exp: 'Until when services believe it. The record lives longer: the app signs another.',
  uid: 'A field of the user: short in the cookie, long in your code.',
  n: 'Another: services know your name without asking anybody.',
  r: 'Another: services decide what you may do.',
}

function claimRow(name: string, value: unknown, now: number): Html {
  const long = FIELDS[name]
  const names = long === undefined ? name : html`${name} <span class="long">${long}</span>`
  const isTime = name === 'iat' || name === 'exp'
  const shown = isTime ? fromNow(Number(value), now) : json(value)
  return row(names, shown, MEANINGS[name])
}

function row(name: Content, value: Content, meaning: string | undefined): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>
      <div class="value">${value}</div>
      <p>${meaning}</p>
    </dd>
  </div>`
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2)
}

function fromNow(when: number, now: number): Html {
  const seconds = Math.ceil(when - now / 1000)
  const distance = seconds > 0 ? `in ${seconds} s` : `${-seconds} s ago`
  return html`${when} <span class="long" data-from-now="${seconds}">${distance}</span>`
}

function time(when: number): Html {
  const iso = new Date(when).toISOString()
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC</time>`
}

/** Enough to recognise a secret by, and nothing to use it with. */
function fingerprint(secret: string): string {
  return `#${hash('sha256', secret, 'hex').slice(0, 10)}`
}
