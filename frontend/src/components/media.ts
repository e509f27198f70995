import { ref, type Ref } from 'vue'

const query = window.matchMedia('(max-width: 767px)')
const phone = ref(query.matches)
query.addEventListener('change', (event) => (phone.value = event.matches))

/** Whether the screen is as narrow as a phone's. */
export function usePhone(): Ref<boolean> {
  return phone
}
