/**
 * What the page gains by a script: times in the zone of its viewer, a search that answers while one types, and the state
 * of now every half minute without losing the place. Everything else works without it.
 */
export const script = `
const lang = document.documentElement.lang
const zone = (root) => {
  for (const one of root.querySelectorAll('[data-ms]')) {
    const at = new Date(Number(one.dataset.ms))
    if (one.localName === 'title') {
      const time = at.toLocaleTimeString(lang, { hour: '2-digit', minute: '2-digit' })
      one.textContent = [time, ...one.textContent.split('\\n').slice(1)].join('\\n')
    } else if (one.dataset.full) one.textContent = at.toLocaleString(lang)
    else one.title = at.toLocaleString(lang)
  }
}
const filter = () => {
  const field = document.querySelector('input[name=q]')
  if (!field) return
  const words = field.value.toLowerCase().split(/\\s+/).filter(Boolean)
  for (const row of document.querySelectorAll('#values tbody tr')) {
    const text = row.textContent.toLowerCase()
    row.hidden = !words.every((word) => text.includes(word))
  }
}
document.addEventListener('input', filter)
const again = async () => {
  if (document.hidden) return
  const field = document.querySelector('input[name=q]')
  if (field && document.activeElement === field) return
  try {
    const answer = await fetch(location.href)
    if (!answer.ok) throw new Error(answer.status)
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html')
    const open = [...document.querySelectorAll('details')].map((one) => one.open)
    const typed = field ? field.value : ''
    document.querySelector('main').replaceWith(fresh.querySelector('main'))
    document.querySelectorAll('details').forEach((one, i) => (one.open = open[i] ?? one.open))
    if (typed !== '') document.querySelector('input[name=q]').value = typed
    document.body.classList.remove('away')
    zone(document)
    filter()
  } catch {
    document.body.classList.add('away')
  }
}
zone(document)
setInterval(again, 30000)
`
