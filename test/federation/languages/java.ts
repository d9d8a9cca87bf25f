import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Language, type Verifier, installed } from './language.ts'

const jars = join(installed, 'java/*')

/** Half the time: neither lives long enough for the second compiler. */
const SHORT_LIVED = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']

/** Compiled together with a main class of its own. */
function withMain(name: 'Check' | 'Serve'): Pick<Verifier, 'start' | 'checkers'> {
  return {
    start: (folder) => {
      const files = globSync('*.java', { cwd: folder })
      const options = [...SHORT_LIVED.map((it) => `-J${it}`), '-nowarn', '-proc:none', '-cp', jars]
      execFileSync('javac', [...options, ...files], { cwd: folder, stdio: 'pipe' })
      return { command: 'java', args: [...SHORT_LIVED, '-cp', `.:${jars}`, name], cwd: folder }
    },
    checkers: [`java/${name}.java`],
  }
}

export const javaPage: Language = {
  name: 'Java',
  page: 'java',
  isInstalled: () => existsSync(join(installed, 'pom.xml.done')),
  verifiers: [
    {
      name: 'nimbus-jose-jwt',
      version: () => versionOf('nimbus-jose-jwt'),
      accepts: ['ES256', 'RS256', 'HS256'],
      ...withMain('Check'),
    },
    {
      name: 'jjwt',
      version: () => versionOf('jjwt-impl'),
      accepts: ['ES256', 'RS256', 'EdDSA', 'HS256'],
      ...withMain('Check'),
    },
  ],
  services: [{ name: 'An HTTP service', verifier: 'nimbus-jose-jwt', ...withMain('Serve') }],
}

function versionOf(artifact: string): string {
  const text = readFileSync(join(import.meta.dirname, 'toolchains/pom.xml'), 'utf8')
  return new RegExp(`${artifact}</artifactId>\\s*<version>(.*)</version>`).exec(text)?.[1] ?? ''
}
