import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import { needs } from '../support/needs.ts'

const CHROMIUM = '/usr/bin/chromium'
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Options for `describe`: skipped where there is no Chromium, and an error in CI. */
export function chromiumNeeded(): { skip?: string } {
  return needs('Chromium', existsSync(CHROMIUM), 'apt-get install chromium')
}

export const CHROMIUM_OPTIONS = { executablePath: CHROMIUM, args: ARGUMENTS } as const

export function launchChromium(): Promise<Browser> {
  return chromium.launch(CHROMIUM_OPTIONS)
}
