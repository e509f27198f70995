/// <reference types="vitest/config" />
import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'
import { VitePWA } from 'vite-plugin-pwa'

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

export default defineConfig({
  plugins: [
    vue(),
    noRemoteStyles(),
    // Keeps the application shell for work without signal: code, styles and fonts only, never an answer of the API.
    VitePWA({
      registerType: 'autoUpdate',
      injectRegister: false,
      manifest: {
        name: '数字乡村一张图',
        short_name: '一张图',
        lang: 'zh-CN',
        display: 'standalone',
        start_url: '/',
        theme_color: '#17406d',
        background_color: '#f4f6f8',
        icons: [{ src: '/icon.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' }],
      },
      workbox: {
        clientsClaim: true,
        skipWaiting: true,
        globPatterns: ['**/*.{js,mjs,css,html,svg}'],
        navigateFallback: '/index.html',
        navigateFallbackDenylist: [/^\/(api|tiles|maps|ogc)\//, /^\/(healthz|readyz|metrics)/],
        maximumFileSizeToCacheInBytes: 4 * 1024 * 1024,
        runtimeCaching: [
          {
            urlPattern: ({ url, sameOrigin }) => sameOrigin && url.pathname.endsWith('.woff2'),
            handler: 'CacheFirst',
            options: { cacheName: 'fonts', expiration: { maxEntries: 120 } },
          },
        ],
      },
    }),
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    cssCodeSplit: false, // a style sheet that fails to load in the field is not asked for again
    chunkSizeWarningLimit: 1200,
    rollupOptions: {
      output: {
        manualChunks: (id) => (id.includes('node_modules/maplibre-gl') ? 'maplibre' : undefined),
      },
    },
  },
  server: {
    port: 5173,
    proxy: Object.fromEntries(['/api', '/tiles', '/maps'].map((path) => [path, { target: backend }])),
  },
  test: { environment: 'happy-dom', include: ['tests/**/*.test.ts'], setupFiles: ['tests/setup.ts'], server: { deps: { inline: ['element-plus'] } } },
})
