import { existsSync, readFileSync } from 'node:fs'
import type { RejectionCode } from '../errors.ts'
import { MAX_COOKIE_BYTES } from '../session/cookie.ts'
import { decodeUtf8, parseStrictObject, splitCompact } from '../token/compact.ts'
import type { KeySpec } from '../token/key.ts'
import { createKeyRing } from '../token/key-ring.ts'
import { createTokens, type GenuineToken } from '../token/token.ts'
import { type Command, readArguments } from './command.ts'
import { DEFAULT_KEY_FILE } from './keygen.ts'

export interface ExplainOptions {
  /** Without keys the cookie is only shown, not verified. */
  readonly keys?: KeySpec | readonly KeySpec[]
  readonly sessionField?: string
  readonly issuer?: string
  readonly audience?: string
  /** In ms since 1970. */
  readonly now: number
}

const REASONS: Record<RejectionCode, string> = {
  type: 'there is no cookie',
  length: 'it is empty, or longer than any cookie can be',
  format: 'it is not three parts joined by dots; is it another cookie, or cut off?',
  encoding: 'it holds a character that no token of ours has; was it quoted, escaped or cut off?',
  header: 'its header is not one that this key issues; was it issued by another program?',
  alg: 'its algorithm is not that of the key',
  kid: 'it was signed by a key that these keys do not hold; was the key replaced?',
  signature: 'the signature is not by this key: it was changed, or another environment issued it',
  json: 'the payload is not one JSON object without duplicate names',
  claims: 'a claim is missing or has a wrong type; is sessionField the same as in the app?',
  issuer: 'it names another issuer; is it from another environment?',
  audience: 'it is for another audience',
  expired: 'it has expired',
  early: 'it was issued later than now; are the clocks right?',
}

const OPTIONS = {
  keys: { type: 'string' },
  'session-field': { type: 'string' },
  issuer: { type: 'string' },
  audience: { type: 'string' },
} as const

export const explainCommand: Command = {
  usage: `  symbolon explain <cookie | ->     shows what a cookie says and why it is or is not believed;
                                    '-' reads it from standard input, which leaves no trace in the shell
      --keys <file>                 the app's key or ring file; default ${DEFAULT_KEY_FILE} if it is there
      --session-field <name>        the claim of the session's id; default sk
      --issuer <url>, --audience <text>
`,
  run(args) {
    const { positionals, values } = readArguments(args, OPTIONS, 1)
    const [cookie] = positionals
    if (cookie === undefined) throw new Error("explain needs a cookie, or '-' for standard input")
    const { keys, 'session-field': sessionField, issuer, audience } = values
    const file = keys ?? (existsSync(DEFAULT_KEY_FILE) ? DEFAULT_KEY_FILE : undefined)
    const { text, genuine } = explain(cookie === '-' ? readFileSync(0, 'utf8') : cookie, {
      now: Date.now(),
      ...(file !== undefined && { keys: { file } }),
      ...(sessionField !== undefined && { sessionField }),
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    })
    if (!genuine) process.exitCode = 1
    return text
  },
}

/** What is to be told of a cookie, and whether it is genuine. */
export interface Explained {
  readonly text: string
  readonly genuine: boolean
}

/** What a cookie says, and why it is or is not believed. Never shows the session's id. */
export function explain(input: string, options: ExplainOptions): Explained {
  const { name, token } = cookieIn(input)
  const lines: [string, string][] = [
    ['cookie', `${name ?? '(no name given)'}, ${sizeOf(name, token)}`],
  ]
  const parts = splitCompact(token)
  if (typeof parts === 'object') {
    lines.push(['header', textOf(parts.header) ?? '(not text)'])
    lines.push(...claimsIn(parts.payload, options))
  }
  const read = verify(token, options)
  lines.push(['verdict', verdict(read, options.now)])
  const text = lines.map(([label, said]) => `${printable(label).padEnd(9)} ${printable(said)}\n`)
  return { text: text.join(''), genuine: typeof read === 'object' }
}

/** A forged cookie may try to write to the terminal, or lines of its own. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}|\p{Zl}|\p{Zp}/gu, '\u{FFFD}')
}

/** Takes a `Cookie` or `Set-Cookie` header, `name=value`, or the bare value. */
function cookieIn(input: string): { name: string | undefined; token: string } {
  const text = input.trim().replace(/^(set-)?cookie:\s*/i, '')
  const pairs = text.split(';').map((pair) => pair.trim().split('=', 2))
  const ours = pairs.find(([, value]) => value?.startsWith('eyJ')) ?? pairs[0]
  const [name, value] = ours ?? []
  return value === undefined ? { name: undefined, token: text } : { name, token: value }
}

function sizeOf(name: string | undefined, token: string): string {
  return `${(name?.length ?? 0) + token.length} of ${MAX_COOKIE_BYTES} bytes`
}

function claimsIn(
  payload: string,
  { sessionField = 'sk', now }: ExplainOptions,
): [string, string][] {
  const claims = parseStrictObject(textOf(payload) ?? '') ?? {}
  return Object.entries(claims).map(([claim, value]) => {
    if (claim === sessionField) return [claim, '(the session key: not shown)']
    const isTime = ['iat', 'exp', 'nbf'].includes(claim) && typeof value === 'number'
    return [claim, isTime ? timeText(value * 1000, now) : JSON.stringify(value)]
  })
}

function textOf(segment: string): string | undefined {
  return decodeUtf8(Buffer.from(segment, 'base64url'))
}

function timeText(time: number, now: number): string {
  const minutes = Math.round(Math.abs(time - now) / 6000) / 10
  const date = new Date(time)
  if (Number.isNaN(date.getTime())) return `${time / 1000} (no date)`
  return `${date.toISOString()} (${minutes} minutes ${time > now ? 'ahead' : 'ago'})`
}

type Read = GenuineToken | RejectionCode | undefined

/** @returns undefined without keys */
function verify(
  token: string,
  { keys, sessionField = 'sk', issuer, audience }: ExplainOptions,
): Read {
  if (keys === undefined) return undefined
  const ring = createKeyRing(keys)
  return createTokens({ ring, sessionField, issuer, audience }).read(token)
}

function verdict(read: Read, now: number): string {
  if (read === undefined) return 'not verified: name the key by --keys <file>'
  if (typeof read === 'string') return `refused (${read}): ${REASONS[read]}`
  const seconds = read.exp - Math.floor(now / 1000)
  const until = seconds > 0 ? `for ${seconds} seconds more` : 'no longer'
  return `genuine, signed by key ${read.kid}; believed by neighbours ${until}; whether the session still lives, only the app knows`
}
