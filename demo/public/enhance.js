// Everything works without this file. It counts the seconds, and lets the page itself ask the service.

/** @type {Map<Element, number>} when each of them is over, by `performance.now()` */
const ends = new Map()
for (const element of document.querySelectorAll('[data-left]')) {
  setLeft(element, element.dataset.left)
}
const opened = performance.now()
setInterval(tick, 250)

const answer = document.querySelector('[data-service]')
if (answer) void askService()
document.addEventListener('click', (event) => {
  if (!event.target.closest('[data-ask-again]')) return
  event.preventDefault()
  void askAgain()
})

function setLeft(element, seconds) {
  ends.set(element, performance.now() + seconds * 1000)
}

function tick() {
  tickDistances()
  for (const [element, end] of ends) {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000))
    element.dataset.left = left
    element.querySelector('[data-seconds]').textContent = left
    element.querySelector('.bar .left').setAttribute('width', left)
    if (left > 0) continue
    ends.delete(element)
    void askAgain()
  }
}

function tickDistances() {
  const passed = (performance.now() - opened) / 1000
  for (const element of document.querySelectorAll('[data-from-now]')) {
    const seconds = Math.ceil(element.dataset.fromNow - passed)
    element.textContent = seconds > 0 ? `in ${seconds} s` : `${-seconds} s ago`
  }
}

function askAgain() {
  return answer ? askService() : replayAgain()
}

/** From the browser, to another port: it sends the cookie along, though no script can read it. */
async function askService() {
  const { status, body } = await get(answer.dataset.service)
  const accepted = status === 200
  show('.asker', 'When asked by this page, straight from your browser')
  show('.verdict b', accepted ? 'Accepted' : 'Refused')
  show('.verdict span', status)
  show('pre', body)
  answer.firstElementChild.className = `answer ${accepted ? 'accepted' : 'refused'}`
  // The app may have sent a newer cookie along with this page than the one the page tells of.
  if (accepted) setLeft(document.querySelector('[data-left]'), JSON.parse(body).secondsLeft)
}

async function get(url) {
  try {
    const response = await fetch(url, { credentials: 'include' })
    return { status: response.status, body: await response.text() }
  } catch {
    return { status: 'no answer', body: '' }
  }
}

function show(part, text) {
  answer.querySelector(part).textContent = text
}

/** The old cookie is not in the browser any more: only the app can show it again. */
async function replayAgain() {
  const { body } = await get('/')
  const fresh = new DOMParser().parseFromString(body, 'text/html')
  const answers = fresh.querySelector('[data-answers]')
  if (answers) document.querySelector('[data-answers]').replaceWith(answers)
}
