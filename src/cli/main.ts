#!/usr/bin/env node
import type { Command } from './command.ts'
import { deriveCommand } from './derive.ts'
import { explainCommand } from './explain.ts'
import { gatewayCommand } from './gateway.ts'
import { keygenCommand } from './keygen.ts'
import { keysCommand } from './keys.ts'
import { tokenCommand } from './token.ts'

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['keygen', keygenCommand],
  ['keys', keysCommand],
  ['token', tokenCommand],
  ['explain', explainCommand],
  ['derive', deriveCommand],
  ['gateway', gatewayCommand],
])

try {
  process.stdout.write(run(process.argv.slice(2)))
} catch (error) {
  process.stderr.write(`symbolon: ${(error as Error).message}\n`)
  process.exitCode = 1
}

function run([name = '--help', ...args]: string[]): string {
  const usages = [...COMMANDS.values()].map(({ usage }) => usage)
  const usage = ['symbolon: sessions whose cookie is a JWT\n', ...usages].join('\n')
  if (name === '--help' || name === '-h') return usage
  const command = COMMANDS.get(name)
  if (command === undefined) throw new Error(`unknown command\n\n${usage}`)
  return args.includes('--help') || args.includes('-h') ? command.usage : command.run(args)
}
