/**
 * Keeps the code of the app for work without signal: scripts, styles, the page, and fonts once used.
 * Never an answer of the interface, a tile or a map page: those are about people and stay with the server.
 * The build writes the names of the files and a version in the two places below.
 */
const FILES = ['__FILES__']
const SHELL = 'onemap-shell-__VERSION__'
const FONTS = 'onemap-fonts'
/** Paths that are not the app's own. */
const SERVER = /^\/(api|tiles|maps|ogc|p)\/|^\/(healthz|readyz|metrics|sw\.js)$/
const PATIENCE_MS = 4000

self.addEventListener('install', (event) => {
  // a name with a hash never means anything else: what the page has just fetched is not fetched a second time
  const fresh = FILES.map((file) => new Request(file, { cache: file.startsWith('/assets/') ? 'default' : 'reload' }))
  event.waitUntil(
    caches
      .open(SHELL)
      .then((cache) => cache.addAll(fresh))
      .then(() => self.skipWaiting()),
  )
})

self.addEventListener('activate', (event) => {
  const old = (name) => name !== SHELL && name !== FONTS
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  )
})

/** The page from the server, so that a new release shows at once; from the cache when the signal is weak or gone. */
async function page(request) {
  const kept = await caches.match('/index.html')
  const asked = fetch(request)
  if (!kept) return asked
  const late = new Promise((resolve) => setTimeout(() => resolve(kept), PATIENCE_MS))
  return Promise.race([asked, late]).catch(() => kept)
}

async function file(request) {
  return (await caches.match(request)) ?? fetch(request)
}

async function font(request) {
  const kept = await caches.match(request)
  if (kept) return kept
  const response = await fetch(request)
  if (response.ok) await (await caches.open(FONTS)).put(request, response.clone())
  return response
}

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin || SERVER.test(url.pathname)) return
  if (request.mode === 'navigate') event.respondWith(page(request))
  else if (url.pathname.endsWith('.woff2')) event.respondWith(font(request))
  else if (FILES.includes(url.pathname)) event.respondWith(file(request))
})
