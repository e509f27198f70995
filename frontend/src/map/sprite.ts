/** Icons of the served sprite as CSS backgrounds, so that a legend shows what the map draws. */

interface Place {
  x: number
  y: number
  width: number
  height: number
}

export interface Sprite {
  url: string
  /** pixels of the whole picture */
  width: number
  places: Record<string, Place>
}

/** Read a sprite; `address` has no ending. Rejects when it cannot be had: a legend then shows colours alone. */
export async function fetchSprite(address: string): Promise<Sprite> {
  const url = `${address}@2x.png`
  const picture = new Image()
  picture.src = url
  const [answer] = await Promise.all([fetch(`${address}@2x.json`), picture.decode()])
  if (!answer.ok) throw new Error(`sprite ${answer.status}`)
  return { url, width: picture.naturalWidth, places: (await answer.json()) as Record<string, Place> }
}

/** The style of a box that shows an icon so many pixels wide; empty for an icon that is not there. */
export function iconStyle(sprite: Sprite | null, icon: string | null, side: number): Record<string, string> {
  const place = icon ? sprite?.places[icon] : undefined
  if (!sprite || !place) return {}
  const scale = side / place.width
  return {
    width: `${side}px`,
    height: `${place.height * scale}px`,
    backgroundImage: `url("${sprite.url}")`,
    backgroundPosition: `${-place.x * scale}px ${-place.y * scale}px`,
    backgroundSize: `${sprite.width * scale}px auto`,
  }
}
