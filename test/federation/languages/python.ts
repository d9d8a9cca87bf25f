import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Language, installed } from './language.ts'
import type { Start } from './checker.ts'

export const python: string = join(installed, 'python/bin/python')
const requirements = join(import.meta.dirname, 'toolchains/requirements.txt')

function run(file: string): (folder: string) => Start {
  const env = { PYTHONDONTWRITEBYTECODE: '1', PYTHONWARNINGS: 'ignore' }
  return (folder) => ({ command: python, args: [file], cwd: folder, env })
}

const checker = { start: run('check.py'), checkers: ['check.py'] }

export const pythonPage: Language = {
  name: 'Python',
  page: 'python',
  isInstalled: () => existsSync(python),
  verifiers: [
    {
      name: 'PyJWT',
      version: () => versionOf('pyjwt'),
      accepts: ['ES256', 'RS256', 'EdDSA', 'HS256'],
      ...checker,
    },
    {
      name: 'joserfc',
      version: () => versionOf('joserfc'),
      accepts: ['ES256', 'RS256', 'EdDSA', 'HS256'],
      ...checker,
    },
    {
      name: 'Authlib',
      version: () => versionOf('authlib'),
      accepts: ['ES256', 'RS256', 'EdDSA', 'HS256'],
      with: ['jwks.py'],
      ...checker,
    },
  ],
  services: [
    {
      name: 'FastAPI',
      verifier: 'PyJWT',
      start: run('serve_asgi.py'),
      checkers: ['serve_asgi.py'],
    },
    { name: 'Flask', verifier: 'PyJWT', start: run('serve_wsgi.py'), checkers: ['serve_wsgi.py'] },
    {
      name: 'Django REST framework',
      verifier: 'PyJWT',
      withoutCors: true,
      start: run('serve_wsgi.py'),
      checkers: ['serve_wsgi.py', 'django/service.py'],
    },
  ],
  revocations: {
    name: 'Logouts within a second',
    verifier: 'PyJWT',
    start: run('check_revocations.py'),
    checkers: ['check_revocations.py'],
  },
}

function versionOf(name: string): string {
  const [, version = ''] =
    new RegExp(`^${name}\\b.*==(.*)$`, 'm').exec(readFileSync(requirements, 'utf8')) ?? []
  return version
}
