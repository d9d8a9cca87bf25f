/**
 * How an attribute of the user becomes a claim; a dotted path walks into objects (R5).
 *
 * | form | claim in the token | names in `req.auth` |
 * |---|---|---|
 * | `'org.name'`, `['org.name']` | `org.name` | `org.name` |
 * | `['email', 'e']` | `e` | `e` |
 * | `['email', 'e', 'email']` | `e` | `e` and `email` |
 */
export type FieldForm =
  | string
  | readonly [attribute: string]
  | readonly [attribute: string, both: string]
  | readonly [attribute: string, short: string, long: string]

/** The attribute a form begins with. */
type Attribute<Form> = Form extends readonly [infer Path, ...unknown[]] ? Path : Form

/** The names under which a form's value is found in `req.auth`. */
type Names<Form> = Form extends readonly [unknown, infer Short, infer Long]
  ? Short | Long
  : Form extends readonly [unknown, infer Both]
    ? Both
    : Attribute<Form>

declare const missing: unique symbol
interface Missing {
  readonly [missing]: true
}

/** The type at a dotted path; undefined where a part of the path may be absent. */
type ValueAt<T, Path> = T extends null | undefined
  ? undefined
  : Path extends `${infer Head}.${infer Rest}`
    ? Head extends keyof T
      ? ValueAt<T[Head], Rest>
      : Missing
    : Path extends keyof T
      ? T[Path]
      : Missing

type NotJson = bigint | symbol | Date | Map<any, any> | Set<any> | ((...parameters: any[]) => any)

/** A form as it was written if its value can be a claim, else what is wrong with it. */
type CheckedForm<Form, Value> =
  IsAny<Value> extends true
    ? Form
    : [Value] extends [Missing | undefined]
      ? `no such attribute: ${Attribute<Form> & string}`
      : [Extract<Value, NotJson>] extends [never]
        ? Form
        : `a token cannot carry this attribute: ${Attribute<Form> & string}`

type IsAny<T> = 0 extends T & 1 ? true : false

export type CheckedForms<User, Forms extends readonly FieldForm[]> = {
  readonly [Index in keyof Forms]: CheckedForm<Forms[Index], ValueAt<User, Attribute<Forms[Index]>>>
}

/** What may be missing from the user may be missing from `req.auth`. */
type AuthOfForm<Form, Value> = [Extract<Value, Missing | undefined>] extends [never]
  ? { readonly [Name in Names<Form> & string]: Value }
  : { readonly [Name in Names<Form> & string]?: Exclude<Value, Missing | undefined> }

type Intersection<Union> = (Union extends unknown ? (member: Union) => void : never) extends (
  member: infer All,
) => void
  ? All
  : never

/** What `req.auth` holds of the fields: each under its short and its long name. */
export type AuthOf<User, Forms extends readonly FieldForm[]> = Flatten<
  Intersection<
    {
      [Index in keyof Forms]: AuthOfForm<Forms[Index], ValueAt<User, Attribute<Forms[Index]>>>
    }[number]
  >
>

/** Shows the members of an intersection in one list. */
type Flatten<T> = { readonly [Name in keyof T]: T[Name] }
