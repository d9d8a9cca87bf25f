import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Browser, FrameLocator, Page } from 'playwright-core'
import { django } from '../support/django.ts'
import { chromiumNeeded, launchChromium } from './chromium.ts'
import { contrastsTooLow } from './contrast.ts'
import { type DjangoDemo, dataFolder, startDjangoDemo } from './demo.ts'

type Party = 'Django' | 'Node'
const OTHER = { Django: 'Node', Node: 'Django' } as const

describe('the Django demo', { ...chromiumNeeded(), ...django.needed() }, () => {
  let data: ReturnType<typeof dataFolder> | undefined
  let demo: DjangoDemo | undefined
  let browser: Browser | undefined

  before(async () => {
    data = dataFolder()
    demo = await startDjangoDemo({ DEMO_DATA: data.path })
    browser = await launchChromium()
  })
  after(async () => {
    await browser?.close()
    await demo?.stop()
    data?.[Symbol.dispose]()
  })

  /** Opens the page of both halves; whatever the browser complains of is collected. */
  async function open(options = {}): Promise<{ page: Page; complaints: string[] }> {
    const context = await browser!.newContext(options)
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    await page.goto(demo!.both)
    return { page, complaints }
  }

  const half = (page: Page, party: Party): FrameLocator =>
    page.frameLocator(`iframe[title=${party}]`)

  async function logIn(page: Page, party: Party, password = 'first-half'): Promise<void> {
    await half(page, party).getByLabel('Name').fill('ada')
    await half(page, party).getByLabel('Password').fill(password)
    await half(page, party)
      .getByRole('button', { name: `Log in to ${party}` })
      .click()
  }

  async function sees(page: Page, party: Party, text: string): Promise<void> {
    await half(page, party).getByText(text).waitFor()
  }

  for (const party of ['Django', 'Node'] as const) {
    const other = OTHER[party]
    test(`log in to ${party}, add words in both, log out of ${other}`, async () => {
      const { page, complaints } = await open()
      await sees(page, other, 'is nobody')
      await logIn(page, party)
      await sees(page, other, 'is Ada')

      for (const [writer, word] of [
        [other, 'clay'],
        [party, '<b>coin</b>'],
      ] as const) {
        await half(page, writer).getByLabel('A word').fill(word)
        await half(page, writer).getByRole('button', { name: 'Add' }).click()
        await half(page, OTHER[writer]).getByText(`${word}from ${writer}`).waitFor()
      }

      await half(page, other).getByRole('button', { name: 'Log out' }).click()
      await sees(page, party, 'is nobody')
      const cookies = await page.context().cookies()
      assert.equal(
        cookies.some(({ name }) => name === 'sessionid'),
        false,
      )
      assert.deepEqual(complaints, [])
    })
  }

  test('a refused login says so, on either side', async () => {
    const { page } = await open()
    for (const party of ['Django', 'Node'] as const) {
      await logIn(page, party, 'wrong')
      await half(page, party).getByRole('alert').waitFor()
      assert.equal(await half(page, party).getByLabel('Name').inputValue(), 'ada')
    }
  })

  test('each half is a page of its own, without JavaScript', async () => {
    const { page, complaints } = await open({ javaScriptEnabled: false })
    await page.goto(demo!.django)
    await page.getByLabel('Name').fill('grace')
    await page.getByLabel('Password').fill('other-half')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByText('is Grace').waitFor()
    await page.goto(demo!.node)
    await page.getByText('is Grace').waitFor()
    assert.deepEqual(complaints, [])
  })

  test('forms of other pages change nothing', async () => {
    const { page } = await open()
    await logIn(page, 'Django')
    await sees(page, 'Node', 'is Ada')
    const cookies = await page.context().cookies()
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    for (const own of [demo!.django, demo!.both]) {
      const headers = { cookie, origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' }
      const { status } = await fetch(`${own}/logout`, { method: 'POST', headers })
      assert.equal(status, 403)
    }
    await page.reload()
    await sees(page, 'Node', 'is Ada')
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [360, 1280]) {
      test(`every page can be read, ${colorScheme}, ${width} px wide`, async () => {
        const { page, complaints } = await open({ colorScheme, viewport: { width, height: 800 } })
        await logIn(page, 'Node')
        await sees(page, 'Django', 'is Ada')
        for (const url of [demo!.both, demo!.node, demo!.django]) {
          await page.goto(url)
          const hidden = await page.evaluate(() => {
            const { scrollWidth, clientWidth } = document.documentElement
            return scrollWidth - clientWidth
          })
          assert.equal(hidden, 0, 'nothing to scroll sideways')
          assert.deepEqual(await contrastsTooLow(page), [])
        }
        assert.deepEqual(complaints, [])
      })
    }
  }

  test('keeps its secrets from others', () => {
    const file = join(data!.path, 'django.json')
    assert.ok(readdirSync(data!.path).includes('django.json'))
    assert.equal(statSync(file).mode & 0o077, 0)
  })
})

test('without Django one line says what to install', () => {
  const { status, stderr } = spawnSync(process.execPath, [resolve('demo/django/start.ts')], {
    env: { ...process.env, PYTHON: '/no/such/python' },
    encoding: 'utf8',
  })
  assert.equal(status, 1)
  assert.equal(
    stderr,
    'This demo needs Python with Django: pip install django django-session-jwt\n',
  )
})
