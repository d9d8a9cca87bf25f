import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { needs } from './needs.ts'

const folder = process.env['VECTORS'] ?? join(import.meta.dirname, '../../../shared/vectors')

/**
 * Options for a suite that runs published test vectors.
 *
 * @example
 * describe('VEC-01 Wycheproof', needsVectors(), () => { … })
 */
export function needsVectors(): { skip?: string } {
  return needs('the folder of test vectors', existsSync(folder), 'set VECTORS to its path')
}

export function readVectorBytes(path: string): Buffer {
  return readFileSync(join(folder, path))
}

export function readVectors<T = any>(path: string): T {
  return JSON.parse(readVectorBytes(path).toString()) as T
}

/** The names of the files in a folder of vectors. */
export function listVectors(path: string): string[] {
  return readdirSync(join(folder, path)).toSorted()
}
