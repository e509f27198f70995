// Asks who is signed in while the code of the app is still on its way; `api/client.ts` takes the answer, once.
if (location.pathname !== '/signin') {
  window.onemapSession = fetch('/api/session', {
    headers: { Accept: 'application/json', 'X-Onemap-Request': '1' },
    credentials: 'same-origin',
    cache: 'no-store',
  })
  window.onemapSession.catch(() => undefined)
}
