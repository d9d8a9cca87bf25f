import { type Data, parseData } from '../session/data.ts'

/**
 * The members of a Python dict, by name, each as the text that Python wrote: JavaScript can hold
 * neither `NaN`, `1.0` and integers beyond 2^53 nor the order of names like `10` and `9`. What is not
 * changed here goes back as it came.
 *
 * The text is JSON as Python writes it. Of a pickle it is that with tuples in parentheses and names
 * that are integers without quotes, so that a pickle made of it holds the same again.
 */
export type Dict = Map<string, string>

/** One that nobody closed ends with the text, so that no text is looked through twice. */
const STRING = String.raw`"[^"\\]*(?:\\[^][^"\\]*)*(?:"|\\?$)`
const PUNCTUATION = new RegExp(String.raw`${STRING}|[[\]{}(),]`, 'g')
const NO_JSON = new RegExp(`${STRING}|NaN|-?Infinity`, 'g')
const NO_JSON_OF_PICKLES = new RegExp(String.raw`${NO_JSON.source}|[()]|-?\d+(?=:)`, 'g')
const NAME = new RegExp(String.raw`^(?:${STRING}|-?\d+)`)

/** The members of a text that anyone may have written; undefined if it is no JSON object. */
export function readJson(text: string): Dict | undefined {
  const json = text.replace(NO_JSON, (token) => (isString(token) ? token : 'null'))
  return parseData(json) && splitMembers(text)
}

/** Splits the text of an object that is known to be well formed. */
export function splitMembers(text: string): Dict {
  const members: Dict = new Map()
  let depth = 0
  let start = text.indexOf('{') + 1
  for (const { 0: token, index } of text.matchAll(PUNCTUATION)) {
    if (depth === 1 && (token === ',' || token === '}')) {
      addMember(members, text.slice(start, index).trim())
      start = index + 1
    }
    if ('{[('.includes(token)) depth++
    else if ('}])'.includes(token)) depth--
  }
  return members
}

function addMember(members: Dict, text: string): void {
  const name = NAME.exec(text)?.[0]
  if (name === undefined) return
  const value = text.slice(text.indexOf(':', name.length) + 1).trim()
  members.set(isString(name) ? (JSON.parse(name) as string) : name, value)
}

/** The text that Python reads the members from: ASCII, as far as it was written here. */
export function dictText(members: Dict): string {
  const texts = Array.from(members, ([name, text]) => `${pythonText(name)}:${text}`)
  return `{${texts.join(',')}}`
}

/** The members as JavaScript can see them: JSON text of an object, with null for NaN and Infinity. */
export function viewOf(members: Dict): string {
  const texts = Array.from(
    members,
    ([name, text]) => `${JSON.stringify(name)}:${viewOfValue(text)}`,
  )
  return `{${texts.join(',')}}`
}

/** The same, parsed. */
export function dataOf(members: Dict): Data {
  return JSON.parse(viewOf(members)) as Data
}

/** One member as JavaScript can see it; undefined if there is none of the name. */
export function memberOf(members: Dict, name: string): unknown {
  const text = members.get(name)
  return text === undefined ? undefined : JSON.parse(viewOfValue(text))
}

const REPLACEMENTS: Readonly<Record<string, string>> = { '(': '[', ')': ']' }

function viewOfValue(text: string): string {
  return text.replace(NO_JSON_OF_PICKLES, (token) => {
    if (isString(token)) return token
    return REPLACEMENTS[token] ?? (/\d/.test(token) ? `"${token}"` : 'null')
  })
}

/**
 * The members after a change: what still is what JavaScript saw keeps its text and its place, what is
 * new comes last.
 */
export function changeMembers(before: Dict, after: Data): Dict {
  const members: Dict = new Map()
  for (const [name, text] of before) {
    if (!Object.hasOwn(after, name)) continue
    const seen = JSON.stringify(JSON.parse(viewOfValue(text)))
    members.set(name, seen === JSON.stringify(after[name]) ? text : pythonText(after[name]))
  }
  for (const name of Object.keys(after)) {
    if (!members.has(name)) members.set(name, pythonText(after[name]))
  }
  return members
}

/**
 * A value as `json.dumps` writes it: all but the printable characters of ASCII is escaped, DEL too,
 * by halves of UTF-16.
 */
export function pythonText(value: unknown): string {
  return JSON.stringify(value).replace(/[^ -~]/g, escapeHalf)
}

function escapeHalf(half: string): string {
  return `\\u${half.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function isString(token: string): boolean {
  return token.startsWith('"')
}
