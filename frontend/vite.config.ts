/// <reference types="vitest/config" />
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'

// The backend a developer's `npm run dev` talks to; the built app is served by the backend itself.
const backend = process.env.ONEMAP_BACKEND ?? 'http://127.0.0.1:8000'

/** The county network has no internet: a style sheet that names another host fails the build. */
function noRemoteStyles(): Plugin {
  return {
    name: 'no-remote-styles',
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== 'asset' || !file.fileName.endsWith('.css')) continue
        const remote = /url\(\s*["']?(https?:)?\/\/[^)]+\)|@import\s+["'](https?:)?\/\//.exec(String(file.source))
        if (remote) this.error(`${file.fileName} loads from another host: ${remote[0].slice(0, 120)}`)
      }
    },
  }
}

/** Write sw.js with the names of the files it keeps; its version changes with any of them. */
function serviceWorker(): Plugin {
  return {
    name: 'service-worker',
    apply: 'build',
    writeBundle({ dir = 'dist' }, bundle) {
      const built = Object.keys(bundle).filter((name) => /\.(js|mjs|css|html)$/.test(name))
      const files = [...built, 'early.js', 'icon.svg', 'manifest.webmanifest'].sort().map((name) => `/${name}`)
      const version = createHash('sha256')
      for (const name of files) version.update(name).update(readFileSync(join(dir, name)))
      const source = readFileSync('src/offline/service-worker.js', 'utf8')
        .replace("['__FILES__']", JSON.stringify(files))
        .replace('__VERSION__', version.digest('hex').slice(0, 12))
      writeFileSync(join(dir, 'sw.js'), source)
    },
  }
}

/** Write each text also packed, as `.br` and `.gz`: the server sends what the browser takes and packs nothing itself. */
function packed(): Plugin {
  let folder = 'dist'
  return {
    name: 'packed',
    apply: 'build',
    enforce: 'post',
    writeBundle({ dir = 'dist' }) {
      folder = dir
    },
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
        if (!/\.(js|mjs|css|html|svg|json|webmanifest)$/.test(name)) continue
        const plain = readFileSync(join(folder, name))
        const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length }
        const forms: [string, Buffer][] = [
          ['.br', brotliCompressSync(plain, { params })],
          ['.gz', gzipSync(plain, { level: 9 })],
        ]
        for (const [suffix, bytes] of forms) {
          if (plain.length >= 1400 && bytes.length < plain.length) writeFileSync(join(folder, name + suffix), bytes)
        }
      }
    },
  }
}

/** What every page needs comes in two files: on a slow line each file more costs a part of a round trip. */
const EVERYWHERE = [
  ...['AppShell.vue', 'AppIcon.vue', 'media.ts', 'notify.ts', 'ProblemNote.vue', 'EmptyState.vue', 'SkeletonLines.vue'],
  ...['SeverityChip.vue', 'StatusChip.vue', 'WaitingBadge.vue', 'mapLater.ts', 'AlertList.vue', 'AlertFilters.vue'],
].map((name) => `/src/components/${name}`)

function chunkOf(id: string): string | undefined {
  const path = id.split('?')[0] ?? id
  if (id.includes('plugin-vue:export-helper') || id.includes('rolldown/runtime')) return 'vue'
  if (/node_modules\/(@vue|vue|vue-router|pinia)\//.test(path)) return 'vue'
  if (/node_modules\/maplibre-gl\/.*(?<!worker)\.(mjs|js)$/.test(path)) return 'maplibre'
  return EVERYWHERE.some((name) => path.endsWith(name)) || /\/src\/(api|stores|texts)\//.test(path) ? 'everywhere' : undefined
}

export default defineConfig({
  plugins: [vue(), noRemoteStyles(), serviceWorker(), packed()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    cssCodeSplit: false, // a style sheet that fails to load in the field is not asked for again
    chunkSizeWarningLimit: 1200,
    rollupOptions: {
      output: {
        manualChunks: chunkOf,
      },
    },
  },
  server: {
    port: 5173,
    proxy: Object.fromEntries(['/api', '/tiles', '/maps'].map((path) => [path, { target: backend }])),
  },
  test: {
    environment: 'happy-dom',
    include: ['tests/**/*.test.ts'],
    setupFiles: ['tests/setup.ts'],
    server: { deps: { inline: ['element-plus'] } },
  },
})
