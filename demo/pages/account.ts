import type { Answer } from '../ask.ts'
import type { LookedAt } from '../token.ts'
import { type Anatomy, halves } from './anatomy.ts'
import { code } from './code.ts'
import { type Html, html } from './html.ts'
import { layout } from './layout.ts'
import { measures } from './measures.ts'
import { neighbour } from './neighbour.ts'
import { type Notes, notesSection } from './notes.ts'

export interface Account extends Anatomy, Notes {
  readonly name: string
  readonly cookie: LookedAt
  /** How long a token is believed, in seconds. */
  readonly tokenLife: number
  /** What the service says about the cookie, and where to ask it. */
  readonly answer: Answer
  readonly serviceUrl: string
}

export function accountPage(account: Account): Html {
  return layout({
    title: `The halves fit, ${account.name}`,
    lead: html`Your browser holds a cookie that any service can read. This server holds the record,
    and the record alone decides.`,
    coin: 'joined',
    name: account.name,
    main: html`${halves(account)} ${measures(account.cookie, account.tokenLife, account.now)}
      <div class="pair">${notesSection(account)} ${neighbour(account)}</div>
      ${code()}`,
  })
}
