// What is asked of every gateway, and what is seen of it: the table in docs/federation/gateways.md.
import { type Case, cookie } from './case.ts'
import { REQUESTS } from './request-cases.ts'
import { TOKENS } from './token-cases.ts'

/** Asked last: the app does not come back. */
const WITHOUT_APP: Case = {
  name: 'while the app is down',
  asked: async (site) => {
    const value = await site.logIn()
    site.stopApp()
    return cookie(value)
  },
  expected: { alone: 'passes', asks: '502', nginx: '500' },
}

export const ALL: readonly Case[] = [...TOKENS, ...REQUESTS, WITHOUT_APP]
