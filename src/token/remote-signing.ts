import { askOthers } from './ask-others.ts'
import { SIDES_LENGTH, sidesOfDer } from './ecdsa-form.ts'
import type { RemoteKey } from './key-material.ts'
import type { Signing } from './signing.ts'

/**
 * Signs by a KMS or an HSM (R23), and believes no signature that the public key does not verify: a
 * cookie that nobody can read would log its user out.
 *
 * @param own of the public key
 */
export function remoteSigning(own: Signing, sign: RemoteKey['sign']): Signing {
  const signText = async (text: string): Promise<string> => {
    const answer = Buffer.from(await sign(Buffer.from(text, 'latin1')))
    const signature = (own.alg === 'ES256' ? sidesOf(answer) : answer).toString('base64url')
    if (own.verify(text, signature)) return signature
    throw new Error('its signature does not verify by the public key')
  }
  return {
    ...own,
    canSign: true,
    sign: (text) => askOthers('The remote signer', () => signText(text)),
  }
}

/** AWS, Google and most HSMs answer in DER, Azure and Web Crypto with r and s side by side. */
function sidesOf(signature: Buffer): Buffer {
  return signature.length === SIDES_LENGTH ? signature : sidesOfDer(signature)
}
