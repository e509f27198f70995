import { flushPromises } from './flush'
import { createPinia, setActivePinia } from 'pinia'
import { createApp, nextTick } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import PersonSearch from '@/components/PersonSearch.vue'
import { useSession } from '@/stores/session'
import { personQueryOf } from '@/texts/persons'

describe('what a typed text asks for', () => {
  it('takes a number in whatever form it is written', () => {
    expect(personQueryOf(' 330521 19800101 123x ')).toEqual({ id_number: '33052119800101123X' })
    expect(personQueryOf('３３０５２１１９８００１０１１２３Ｘ')).toEqual({ id_number: '33052119800101123X' })
    for (const typed of [
      '138-1234-5678',
      '+8613812345678',
      '0086 138 1234 5678',
      '+86－138－1234－5678',
      '８６１３８１２３４５６７８',
      '(+86)13812345678',
    ])
      expect(personQueryOf(typed)).toEqual({ phone: '13812345678' })
  })
  it('takes everything else as a name', () => {
    expect(personQueryOf('张三')).toEqual({ name: '张三' })
    expect(personQueryOf('张')).toBeNull()
  })
})

describe('searching for a person', () => {
  const sent: unknown[] = []
  let answers: Response[] = []
  let root: HTMLElement

  const problem = () =>
    new Response(
      JSON.stringify({
        type: 'urn:onemap:problem:purpose-needed',
        title: '多次按号码查找未找到，请写明用途后再查',
        detail: '还可以查找 12 次未找到的号码 / another 12 misses are possible',
      }),
      { status: 428 },
    )
  const nobody = () => new Response(JSON.stringify({ persons: [] }), { status: 200 })

  beforeEach(() => {
    sent.length = 0
    vi.stubGlobal('fetch', (_path: string, options: RequestInit) => {
      sent.push(JSON.parse(String(options.body)))
      return Promise.resolve(answers.shift() ?? nobody())
    })
    setActivePinia(createPinia())
    useSession().account = { county: '330521', permissions: [] } as never
    root = document.body.appendChild(document.createElement('div'))
    const app = createApp(PersonSearch)
    app.mount(root)
  })
  afterEach(() => {
    vi.unstubAllGlobals()
    root.remove()
  })

  const field = (name: string) => root.querySelector<HTMLInputElement>(`[data-testid=${name}]`)
  const there = <T>(found: T | null): T => {
    if (!found) throw new Error('it is not there')
    return found
  }
  async function type(name: string, value: string): Promise<void> {
    const input = there(field(name))
    input.value = value
    input.dispatchEvent(new Event('input'))
    await nextTick()
  }
  async function submit(): Promise<void> {
    there(root.querySelector('form')).dispatchEvent(new Event('submit'))
    await flushPromises()
  }

  it('asks for no purpose until the server does, then sends it', async () => {
    await type('person-search', '13800000001')
    await submit()
    expect(sent).toEqual([{ phone: '13800000001' }])
    expect(field('search-purpose')).toBeNull()

    answers = [problem()]
    await submit()
    expect(field('search-purpose')).not.toBeNull()
    expect(root.textContent).toContain('还可以查找 12 次')
    expect(root.textContent).not.toContain('misses are')

    await submit()
    expect(root.querySelector('[role=alert]')?.textContent).toContain('用途')
    expect(sent).toHaveLength(2)

    await type('search-purpose', '核对身份信息')
    await submit()
    expect(sent[2]).toEqual({ phone: '13800000001', purpose: '核对身份信息' })
  })

  it('needs none for a name', async () => {
    answers = [problem()]
    await type('person-search', '13800000001')
    await submit()
    await type('person-search', '张三')
    await submit()
    expect(sent[1]).toEqual({ name: '张三' })
  })
})
