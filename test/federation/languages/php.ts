import { spawnSync } from 'node:child_process'
import type { Language } from './language.ts'

export const phpPage: Language = {
  name: 'PHP',
  page: 'php',
  isInstalled: () => version() !== '',
  verifiers: [
    {
      name: 'openssl',
      version,
      ofSystem: true,
      accepts: ['ES256', 'HS256'],
      start: (folder) => ({ command: 'php', args: ['check.php'], cwd: folder }),
      checkers: ['check.php'],
    },
  ],
  services: [
    {
      name: 'A page',
      verifier: 'openssl',
      start: (folder) => ({
        command: 'php',
        args: ['-S', '127.0.0.1:0', 'service.php'],
        cwd: folder,
      }),
      checkers: [],
    },
  ],
}

/** PHP's own, of which openssl is a part. */
function version(): string {
  const program =
    'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION, function_exists("openssl_verify") ? "" : "-";'
  return spawnSync('php', ['-r', program], { encoding: 'utf8' }).stdout ?? ''
}
