/// <reference types="vite/client" />
declare module 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url' {
  const url: string
  export default url
}
interface Window {
  /** asked by `public/early.js` */
  onemapSession?: Promise<Response>
}
