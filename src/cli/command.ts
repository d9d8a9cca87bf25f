import { parseArgs, type ParseArgsConfig } from 'node:util'

/** One word after `symbolon`. */
export interface Command {
  /** Lines for the help text. */
  readonly usage: string
  /** @returns what is printed; throws what is told to standard error, with exit code 1 */
  readonly run: (args: readonly string[]) => string
}

type Options = NonNullable<ParseArgsConfig['options']>
type Parsed<O extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O; allowPositionals: true }>
>

/** @throws Error for an option that does not exist, or for more words than `most` */
export function readArguments<const O extends Options>(
  args: readonly string[],
  options: O,
  most: number,
): Parsed<O> {
  const parsed = parseArgs({ args: [...args], options, allowPositionals: true })
  if (parsed.positionals.length > most) throw new Error('too many arguments; see --help')
  return parsed
}
