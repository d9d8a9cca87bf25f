import { createPublicKey } from 'node:crypto'
import { type Duration, milliseconds } from '../duration.ts'
import type { Jwk } from '../token/jwk.ts'
import { readFileText } from '../token/key-material.ts'
import type { KeyState } from '../token/key-states.ts'
import type { PublicJwk } from '../token/key.ts'
import { type StoredKey, timedKey } from '../token/ring-text.ts'
import { TrustedKeys } from '../token/trusted-keys.ts'
import { type Command, readArguments } from './command.ts'
import { algorithmNamed, generateKey } from './keygen.ts'
import { changeRing, createRing, readRing } from './ring-file.ts'
import { type RotationPlan, burn, entriesOf, firstKeys, rotate } from './rotation.ts'

const DEFAULT_RING_FILE = 'session.keyring.json'

const OPTIONS = {
  alg: { type: 'string' },
  keys: { type: 'string' },
  kid: { type: 'string' },
  format: { type: 'string', default: 'jwks' },
  grace: { type: 'string', default: '24h' },
  'token-life': { type: 'string', default: '15m' },
  life: { type: 'string', default: '30d' },
} as const

export const keysCommand: Command = {
  usage: `  symbolon keys <what> [file]       a ring of keys that take turns; default ${DEFAULT_RING_FILE}
    init                            makes a ring: a key that signs, and one that waits
      --keys <file>                 begins with the key that the app has signed with until now
      --alg <name>                  ES256 (default), RS256, EdDSA or HS256
    list                            shows the keys and what each is good for
    rotate                          lets the key that waits sign as soon as all neighbours know it
      --grace 24h                   how long a key is published before it signs, and after
      --token-life 15m --life 30d   the app's tokenLife, and its absolute
    burn --kid <kid>                withdraws a key that is no secret any more
    export                          prints public keys, for readers that do not fetch them
      --format jwks|jwk|pem         all of them, or one
      --kid <kid>                   which; default the one that signs
`,
  run(args) {
    const { positionals, values } = readArguments(args, OPTIONS, 2)
    const [verb = 'list', file = DEFAULT_RING_FILE] = positionals
    return run(verb, file, values)
  },
}

type Values = ReturnType<typeof readArguments<typeof OPTIONS>>['values']
type Change = (keys: readonly StoredKey[], plan: RotationPlan) => readonly StoredKey[]

function run(verb: string, file: string, values: Values): string {
  const now = Date.now()
  const changed = (change: Change): string =>
    listing(
      changeRing(file, (keys) => change(keys, planOf(values, now, keys))),
      now,
    )
  switch (verb) {
    case 'init':
      createRing(file, firstKeys(firstKey(values), planOf(values, now)))
      return `${listing(readRing(file), now)}\nUse it as  createSessions({ keys: { file: '${file}' } })  and keep it out of version control.\n`
    case 'list':
      return listing(readRing(file), now)
    case 'rotate':
      return changed(rotate)
    case 'burn':
      return changed((keys, plan) => burn(keys, needed(values.kid, '--kid'), plan))
    case 'export':
      return exported(readRing(file), values, now)
    default:
      throw new Error('keys knows init, list, rotate, burn and export')
  }
}

/** @param keys a new one will be of the algorithm of the one that signs */
function planOf(values: Values, now: number, keys?: readonly StoredKey[]): RotationPlan {
  const current = keys && entriesOf(keys, now).find(({ state }) => state === 'current')
  const alg = algorithmNamed(values.alg ?? current?.timed.key.alg ?? 'ES256')
  return {
    now,
    grace: milliseconds(values.grace as Duration, '--grace'),
    tokenLife: milliseconds(values['token-life'] as Duration, '--token-life'),
    life: milliseconds(values.life as Duration, '--life'),
    make: () => generateKey(alg),
  }
}

/** A JWK keeps the name under which neighbours know it. */
function firstKey({ keys, alg }: Values): StoredKey['key'] {
  if (keys === undefined) return generateKey(algorithmNamed(alg ?? 'ES256'))
  const text = readFileText(keys)
  return text.startsWith('{') ? (JSON.parse(text) as Jwk) : text
}

function listing(keys: readonly StoredKey[], now: number): string {
  const lines = entriesOf(keys, now).map(({ timed, stored, state }) => {
    const { kid, alg } = timed.key
    return `${kid.padEnd(16)}  ${alg}  ${state.padEnd(9)}  ${OUTLOOK[state](stored)}\n`
  })
  return lines.join('')
}

const OUTLOOK: Record<KeyState, (stored: StoredKey) => string> = {
  next: ({ signsFrom }) => (signsFrom === undefined ? 'waits' : `signs from ${signsFrom}`),
  current: ({ signsFrom }) => `signs since ${signsFrom}`,
  published: ({ publishedUntil }) => `published until ${publishedUntil ?? 'further notice'}`,
  opens: ({ opensUntil }) => `opens sessions until ${opensUntil ?? 'further notice'}`,
  burned: ({ burned }) => `since ${burned}`,
  gone: ({ opensUntil }) => `since ${opensUntil}`,
}

function exported(keys: readonly StoredKey[], { format, kid }: Values, now: number): string {
  const trusted = new TrustedKeys(keys.map(timedKey), now)
  const jwks = trusted.jwks()
  if (format === 'jwks') return `${JSON.stringify(jwks)}\n`
  const jwk = jwks.keys.find((it) => it.kid === (kid ?? trusted.current.kid))
  if (jwk === undefined) throw new Error('the ring publishes no key of that kid')
  if (format === 'jwk') return `${JSON.stringify(jwk)}\n`
  if (format === 'pem') return pemOf(jwk)
  throw new Error('--format is jwks, jwk or pem')
}

export function pemOf(jwk: PublicJwk): string {
  const key = createPublicKey({ key: { ...jwk }, format: 'jwk' })
  return key.export({ type: 'spki', format: 'pem' }).toString()
}

function needed(value: string | undefined, name: string): string {
  if (value === undefined) throw new Error(`${name} is needed; see --help`)
  return value
}
