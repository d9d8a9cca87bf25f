import { importsOf } from './imports.ts'
import { lineAt, type Tree, type Violation } from './tree.ts'

const INSTALLED_WITH_US = ['dependencies', 'optionalDependencies', 'bundleDependencies']

/** Nothing is installed with the package: clients are given by the app. */
export function* dependencies(tree: Tree): Generator<Violation> {
  const text = tree.get('package.json') ?? '{}'
  const manifest = JSON.parse(text) as Record<string, object | undefined>

  for (const name of INSTALLED_WITH_US.filter((it) => manifest[it] !== undefined)) {
    const line = lineAt(text, text.indexOf(`"${name}"`))
    const message = `has ${name}: take the client from the app by a structural type`
    yield { file: 'package.json', line, message }
  }
  for (const { file, line, specifier, target } of importsOf(tree)) {
    const ours = target !== undefined || specifier.startsWith('node:')
    if (ours || packageOf(specifier) in (manifest.peerDependencies ?? {})) continue
    const message = `imports ${specifier}, which users do not have: declare a structural type`
    yield { file, line, message }
  }
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}
