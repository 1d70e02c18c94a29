import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";
import { cesiumAssets } from "./cesium-assets.ts";
import { elkLibrary } from "./elk-library.ts";
import { packed } from "./packed.ts";

/** One project, one entry a page; a further page is one more HTML file and one more line in `input`. */
export default defineConfig({
  plugins: [vue(), cesiumAssets(), elkLibrary(), packed()],
  build: {
    target: "es2022",
    // CesiumJS alone is larger than the default limit, and is wanted whole in one cacheable file.
    chunkSizeWarningLimit: 6000,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      input: { panorama: "index.html", drafting: "drafting.html", file: "file.html", map: "map.html" },
      output: {
        codeSplitting: {
          groups: [
            { name: "cesium", test: /node_modules[\\/](@?cesium|@zip|protobufjs|draco3d|meshoptimizer|dompurify)/ },
            { name: "maplibre", test: /node_modules[\\/]maplibre-gl/ },
            { name: "vue", test: /node_modules[\\/]@?vue/ },
          ],
        },
      },
    },
  },
  worker: { format: "es" },
  server: { proxy: { "/api": "http://127.0.0.1:8000", "/live": "http://127.0.0.1:8000", "/tiles3d": "http://127.0.0.1:8000", "/layers3d": "http://127.0.0.1:8000", "/tiles": "http://127.0.0.1:8000", "/styles": "http://127.0.0.1:8000", "/sprites": "http://127.0.0.1:8000", "/fonts": "http://127.0.0.1:8000", "/svg": "http://127.0.0.1:8000", "/collections": "http://127.0.0.1:8000" } },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
