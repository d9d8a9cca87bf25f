import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { chromiumNeeded, launchChromium } from './chromium.ts'
import { type Demo, dataFolder, startDemo } from './demo.ts'
import { contrastsTooLow } from './contrast.ts'

/** Long enough for the slowest machine to get from a login to a logout and look. */
const TOKEN_LIFE = 10

describe('the demo in a browser', chromiumNeeded(), () => {
  let data: ReturnType<typeof dataFolder> | undefined
  let demo: Demo | undefined
  let browser: Browser | undefined

  before(async () => {
    data = dataFolder()
    demo = await startDemo({ DEMO_DATA: data.path, DEMO_TOKEN_LIFE: String(TOKEN_LIFE) })
    browser = await launchChromium()
  })
  after(async () => {
    await browser?.close()
    await demo?.stop()
    data?.[Symbol.dispose]()
  })

  /** Opens the demo; whatever the browser complains of is collected. */
  async function open(
    options: BrowserContextOptions = {},
  ): Promise<{ page: Page; complaints: string[] }> {
    const context = await browser!.newContext({
      viewport: { width: 1280, height: 800 },
      ...options,
    })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(demo!.app)
    return { page, complaints }
  }

  async function logIn(page: Page): Promise<void> {
    await page.getByLabel('Name').fill('ada')
    await page.getByLabel('Password').fill('first-half')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('heading', { name: 'The halves fit, Ada' }).waitFor()
  }

  test('the whole story by keyboard alone', async () => {
    const { page, complaints } = await open()
    await page.keyboard.press('Tab')
    assert.deepEqual(await focus(page), { name: 'Skip to the content', shows: true })
    await page.keyboard.press('Enter')
    await tabTo(page, 'name')
    await page.keyboard.type('ada')
    await tabTo(page, 'password')
    await page.keyboard.type('first-half\n')
    await page.getByText('straight from your browser').waitFor()
    assert.match(await page.locator('#service').innerText(), /Accepted 200/)

    await tabTo(page, 'note')
    await page.keyboard.type('clay\n')
    await page.getByText('Changed 1 time.').waitFor()
    await tabTo(page, 'Remove: clay')
    await page.keyboard.press('Enter')
    await page.getByText('Changed 2 times.').waitFor()
    await tabTo(page, 'Ask again')
    await page.keyboard.press('Enter')
    await page.getByText('straight from your browser').waitFor()

    await tabTo(page, 'Log out')
    await page.keyboard.press('Enter')
    const answers = page.locator('#replay .verdict')
    await answers.first().waitFor()
    assert.deepEqual(await answers.allInnerTexts(), ['Refused 401', 'Accepted 200'])
    await page.getByText('Its time is over').waitFor({ timeout: (TOKEN_LIFE + 5) * 1000 })
    assert.deepEqual(await answers.allInnerTexts(), ['Refused 401', 'Refused 401'])
    assert.equal(await page.locator('#replay [data-seconds]').innerText(), '0')
    assert.deepEqual(complaints, [])
  })

  test('the whole story without JavaScript', async () => {
    const { page, complaints } = await open({ javaScriptEnabled: false })
    await logIn(page)
    const service = page.locator('#service')
    assert.match(await service.innerText(), /When asked by the app[^]*Accepted 200/)
    await page.getByLabel('A note').fill('<i>clay</i>')
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByText('<i>clay</i>', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Log out' }).click()
    const answers = page.locator('#replay .verdict')
    assert.deepEqual(await answers.allInnerTexts(), ['Refused 401', 'Accepted 200'])
    await page.getByRole('link', { name: 'Ask again' }).click()
    assert.equal(await answers.count(), 2)
    assert.deepEqual(complaints, [])
  })

  test('a refused login says so, and leads back to the field', async () => {
    const { page, complaints } = await open()
    await page.getByLabel('Name').fill('ada')
    await page.getByLabel('Password').fill('wrong')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    assert.equal((await focus(page))?.name, 'name')
    assert.equal(await page.getByLabel('Name').inputValue(), 'ada')
    assert.deepEqual(complaints, [])
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [360, 1280]) {
      test(`every page can be read, ${colorScheme}, ${width} px wide`, async () => {
        const { page, complaints } = await open({ colorScheme, viewport: { width, height: 800 } })
        await assertReadable(page)
        await logIn(page)
        await page.getByLabel('A note').fill('long'.repeat(30))
        await page.getByRole('button', { name: 'Add' }).click()
        await page.getByText('straight from your browser').waitFor()
        await assertReadable(page)
        await page.getByRole('button', { name: 'Log out' }).click()
        await page.locator('#replay').waitFor()
        await assertReadable(page)
        assert.deepEqual(complaints, [])
      })
    }
  }
})

async function assertReadable(page: Page): Promise<void> {
  const hidden = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    return scrollWidth - clientWidth
  })
  assert.equal(hidden, 0, 'nothing to scroll sideways')
  assert.deepEqual(await contrastsTooLow(page), [])
}

interface Focus {
  /** As a form or a screen reader knows it. */
  readonly name: string
  readonly shows: boolean
}

/** What has the focus; nothing, where the browser itself has it. */
function focus(page: Page): Promise<Focus | undefined> {
  return page.evaluate(() => {
    const element = document.activeElement ?? document.body
    if (element === document.body) return undefined
    const label = element.getAttribute('name') ?? element.getAttribute('aria-label')
    const shows = getComputedStyle(element).outlineStyle === 'solid'
    return { name: label ?? (element.textContent ?? '').trim(), shows }
  })
}

/** Presses Tab until it is reached, and sees on the way that the focus always shows. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let stops = 0; stops < 30; stops++) {
    await page.keyboard.press('Tab')
    const current = await focus(page)
    if (current !== undefined) assert.ok(current.shows, `the focus on ${current.name}`)
    if (current?.name === name) return
  }
  assert.fail(`no way by Tab to ${name}`)
}
