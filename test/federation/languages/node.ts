import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Start } from './checker.ts'
import { type Language, installed } from './language.ts'
import { root } from './page.ts'

const ALL = ['ES256', 'RS256', 'EdDSA', 'HS256'] as const

/** With the checker that imports the section's program. */
function run(file: string): { start: (folder: string) => Start; checkers: readonly string[] } {
  return {
    start: (folder) => ({ command: process.execPath, args: [file], cwd: folder }),
    checkers: [file, 'package.json'],
  }
}

export const nodePage: Language = {
  name: 'Node',
  page: 'node',
  isInstalled: () => existsSync(join(installed, 'node_modules/@fastify/jwt')),
  verifiers: [
    {
      name: 'symbolon/verify',
      version: () => 'this one',
      accepts: ALL,
      claims: ['sub', 'uid', 'r'],
      ...run('check.js'),
    },
    {
      name: 'jose',
      version: () => versionOf('jose'),
      accepts: ALL,
      with: ['cookie.js'],
      ...run('check.js'),
    },
    {
      name: 'jsonwebtoken',
      version: () => versionOf('jsonwebtoken'),
      accepts: ['ES256', 'RS256', 'HS256'],
      with: ['cookie.js'],
      ...run('check.js'),
    },
    {
      name: 'fast-jwt',
      version: () => versionOf('fast-jwt'),
      accepts: ALL,
      with: ['cookie.js', 'jwks.js'],
      ...run('check.js'),
    },
    {
      name: 'hono',
      version: () => versionOf('hono'),
      accepts: ALL,
      with: ['cookie.js', 'jwks.js'],
      ...run('check_hono.js'),
    },
    {
      name: '@fastify/jwt',
      version: () => versionIn(join(installed, 'node_modules/@fastify/jwt')),
      accepts: ALL,
      with: ['cookie.js', 'jwks.js'],
      ...run('check_fastify.js'),
    },
  ],
  services: [
    { name: 'symbolon/verify', ...run('serve.js') },
    { name: 'hono', with: ['cookie.js', 'jwks.js'], ...run('serve_hono.js') },
    { name: '@fastify/jwt', with: ['cookie.js', 'jwks.js'], ...run('serve_fastify.js') },
    {
      name: 'Express, with any of them',
      verifier: 'jose',
      with: ['cookie.js'],
      ...run('serve.js'),
    },
  ],
}

function versionOf(name: string): string {
  return versionIn(join(root, 'node_modules', name))
}

function versionIn(folder: string): string {
  const text = readFileSync(join(folder, 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
