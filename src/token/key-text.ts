/** RFC 7518 §3.2: no shorter than the output of the hash. */
export const MIN_SECRET_BYTES = 32

/** Text that is a key of another kind, which by mistake would be taken for a secret. */
export const KEY_TEXT: RegExp = /-----BEGIN|"kty"|"keys"|\bssh-|\becdsa-sha2-/
