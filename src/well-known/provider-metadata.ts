import type { PublicJwk } from '../token/key.ts'

/**
 * Where libraries for OpenID Connect and OAuth look for an issuer's metadata: the one puts its name
 * behind the issuer's path (OpenID Connect Discovery 1.0 §4), the other before it (RFC 8414 §3.1).
 */
export function metadataPaths(issuer: string): readonly string[] {
  const path = new URL(issuer).pathname.replace(/\/$/, '')
  return [
    `${path}/.well-known/openid-configuration`,
    `/.well-known/oauth-authorization-server${path}`,
  ]
}

/** What both ask for, without any endpoint: nobody logs in here by these protocols. */
export function providerMetadata(
  issuer: string,
  jwksUri: string,
  keys: readonly PublicJwk[],
): object {
  return {
    issuer,
    jwks_uri: jwksUri,
    response_types_supported: ['none'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(keys.map(({ alg }) => alg))],
  }
}
