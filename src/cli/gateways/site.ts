/** An app, a service beside it, and a gateway before both: the app at `/`, the service at `/api/`. */
export interface Site {
  /** Where the gateway listens, and where the others are: `host:port`. */
  readonly listen: string
  readonly app: string
  readonly service: string
  readonly issuer: string
  /** Whose pages may call the service: the issuer's own, then others. */
  readonly origins: readonly [own: string, ...others: string[]]
  readonly cookie: string
  /** Identity headers in lower case, and the claims they tell. */
  readonly headers: readonly (readonly [header: string, claim: string])[]
  readonly keys: readonly PublicKey[]
  /** Where the gateway finds its files; undefined for its usual place. */
  readonly folder: string | undefined
}

export interface PublicKey {
  readonly kid: string
  readonly alg: string
  /** SPKI, in PEM. */
  readonly pem: string
}

/** File name → text. */
export type Files = Readonly<Record<string, string>>

/** Writes what a gateway needs; the first file is its configuration. */
export type Gateway = (site: Site) => Files

/** All claims as base64url of JSON, beside the headers of single claims. */
export const CLAIMS_HEADER = 'x-session-claims'

/** What a service takes for the word of the gateway: a client's own are removed everywhere. */
export function identityHeaders({ headers }: Site): string[] {
  return [...headers.map(([name]) => name), CLAIMS_HEADER]
}

/** One line for each, without an empty one where there is none. */
export function lines<T>(list: readonly T[], line: (it: T) => string): string {
  return list.map((it) => `${line(it)}\n`).join('')
}

/** As a regular expression that no character of it is special in. */
export function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}

/** @throws Error for a key that the gateway cannot verify with */
export function refuseEdDSA({ keys }: Site): void {
  if (keys.every(({ alg }) => alg !== 'EdDSA')) return
  throw new Error('this gateway cannot verify EdDSA: sign by ES256, or take nginx or caddy')
}
