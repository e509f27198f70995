/** Style sheets that the first page does without: each is asked for again while it has not come. */
import fontsUrl from '@fontsource-variable/noto-sans-sc/wght.css?url'
import mapUrl from 'maplibre-gl/dist/maplibre-gl.css?url'

const AGAIN_MS = 3000

/** Done when the sheet is there, or has failed once: what waits for it goes on. */
function fetchSheet(url: string, tries = 20): Promise<void> {
  return new Promise((resolve) => {
    const link = document.createElement('link')
    link.rel = 'stylesheet'
    link.href = url
    link.onload = () => resolve()
    link.onerror = () => {
      link.remove()
      if (tries > 1) window.setTimeout(() => void fetchSheet(url, tries - 1), AGAIN_MS)
      resolve()
    }
    document.head.append(link)
  })
}

/** The names of the bundled letters, for devices without a Chinese font; they themselves are fetched only where used. */
export const fetchFonts = (): Promise<void> => fetchSheet(fontsUrl)

/** What MapLibre's own buttons and labels look like. */
export const fetchMapStyle = (): Promise<void> => fetchSheet(mapUrl)
