import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'

const PACKAGES = [
  'symbolon',
  'express',
  'express-session',
  'cookie-session',
  'iron-session',
  'express-jwt',
  'better-auth',
  'fastify',
  '@fastify/session',
  'koa',
  'koa-session',
  'hono',
  '@hono/node-server',
  '@hono/session',
  'connect-redis',
  'redis',
  'connect-pg-simple',
  'pg',
  'jose',
  'fast-jwt',
  'jsonwebtoken',
]

/** On what the figures were taken, as names and texts. */
export function describeMachine(): Readonly<Record<string, string>> {
  return {
    date: new Date().toISOString(),
    machine: `${availableParallelism()} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${type()} ${release()} ${process.arch}`,
    // What others do on the machine meanwhile is the first thing to know of a benchmark.
    load: loadavg()
      .map((value) => value.toFixed(2))
      .join(' '),
    node: `${process.version}, OpenSSL ${process.versions.openssl}, SQLite ${process.versions['sqlite']}`,
    packages: PACKAGES.map((name) => `${name} ${versionOf(name)}`).join(', '),
  }
}

function versionOf(name: string): string {
  const places = name === 'symbolon' ? ['..'] : [`node_modules/${name}`, `../node_modules/${name}`]
  const manifests = places.map((place) => new URL(`${place}/package.json`, import.meta.url))
  const manifest: unknown = JSON.parse(readFileSync(manifests.find(existsSync)!, 'utf8'))
  return (manifest as { version: string }).version
}
