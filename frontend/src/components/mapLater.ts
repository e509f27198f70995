import { defineAsyncComponent, h, ref, watch, type Ref } from 'vue'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'
import { useAlerts } from '@/stores/alerts'
import { fetchMapStyle } from '@/styles/later'

/** The map, a megabyte of code: fetched when a page shows it, so that the records of the page come first. */
export const MapLater = defineAsyncComponent({
  loader: async () => {
    void fetch(workerUrl).catch(() => undefined) // beside the map, which would ask for it only when it is there itself
    const style = fetchMapStyle()
    const view = await import('@/components/MapView.vue')
    await style
    return view
  },
  delay: 0,
  onError: (_, retry, fail, attempts) => (attempts < 3 && navigator.onLine ? retry() : fail()),
  errorComponent: { render: () => h('p', { class: 'hint', role: 'alert' }, '地图没有读取到，请在有网络时再打开') },
})

/**
 * True for good from when the list of alerts is there, cannot be had, or is not shown: until then a slow line belongs to it.
 * listed: whether the page shows the list.
 */
export function useMapTurn(listed: () => boolean): Ref<boolean> {
  const alerts = useAlerts()
  const turn = ref(false)
  watch(
    () => !listed() || alerts.loaded || alerts.error !== null,
    (now) => (turn.value ||= now),
    { immediate: true, flush: 'post' }, // the list is drawn first
  )
  return turn
}
