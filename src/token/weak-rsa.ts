/** NIST SP 800-57: 112 bits of strength, the least still allowed. */
const MIN_MODULUS_BITS = 2048

/** FIPS 186-5 §5.4; smaller exponents let careless verifiers be forged against. */
const MIN_EXPONENT = 65_537n

/** The primes that CVE-2017-15361 (ROCA) can be told by: 65537 generates few residues of each. */
const ROCA_PRIMES = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157]

/** What is wrong with an RSA key, or undefined (KEY-07). */
export function rsaProblem(modulus: bigint, exponent: bigint): string | undefined {
  const bits = modulus.toString(2).length
  if (bits < MIN_MODULUS_BITS) return `has ${bits} bits; at least ${MIN_MODULUS_BITS} are needed`
  if (modulus % 2n === 0n) return 'has an even modulus'
  if (exponent < MIN_EXPONENT || exponent % 2n === 0n)
    return 'has a public exponent other than 65537'
  if (hasRocaFingerprint(modulus)) return 'was made by a broken generator (ROCA, CVE-2017-15361)'
  return undefined
}

function hasRocaFingerprint(modulus: bigint): boolean {
  return ROCA_PRIMES.every((prime) => powersOf65537(prime).has(Number(modulus % BigInt(prime))))
}

function powersOf65537(prime: number): Set<number> {
  const powers = new Set<number>()
  for (let power = 1; !powers.has(power); power = (power * 65_537) % prime) powers.add(power)
  return powers
}
