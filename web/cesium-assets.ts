import { cp, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, extname, join, normalize } from "node:path";
import type { Plugin } from "vite";

/** What CesiumJS fetches at run time under its base URL: worker code, decoders, the earth orientation table and the offline base map. */
const NEEDED = [
  "Workers",
  "ThirdParty/draco_decoder.wasm",
  "ThirdParty/basis_transcoder.wasm",
  "Assets/approximateTerrainHeights.json",
  "Assets/IAU2006_XYS",
  "Assets/Textures/NaturalEarthII",
];

const TYPES: Record<string, string> = {
  ".js": "text/javascript",
  ".json": "application/json",
  ".xml": "application/xml",
  ".wasm": "application/wasm",
  ".jpg": "image/jpeg",
};

/** Copy CesiumJS's static files to `<outDir>/cesium`, and serve the same files at `/cesium/` while developing. */
export function cesiumAssets(): Plugin {
  const root = join(dirname(createRequire(import.meta.url).resolve("cesium/package.json")), "Build/Cesium");
  let target = "";
  return {
    name: "cesium-assets",
    configResolved(config) {
      target = join(config.root, config.build.outDir, "cesium");
    },
    configureServer(server) {
      server.middlewares.use("/cesium", (request, response, next) => {
        const path = normalize(decodeURIComponent((request.url ?? "/").split("?")[0] ?? "/"));
        readFile(join(root, path)).then(
          (body) => response.setHeader("Content-Type", TYPES[extname(path)] ?? "application/octet-stream").end(body),
          () => next(),
        );
      });
    },
    async writeBundle() {
      for (const path of NEEDED) await cp(join(root, path), join(target, path), { recursive: true });
    },
  };
}
