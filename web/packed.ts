import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Plugin } from "vite";

const PACKED = new Set([".js", ".css", ".json", ".wasm", ".xml"]);
/** Bytes below which it does not pay. */
const LEAST = 4096;

/** Lay a `.gz` beside every large text of the build: the server sends it as it is, where it would pack it anew for each visitor. */
export function packed(): Plugin {
  let folder = "";
  return {
    name: "packed",
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
    },
    writeBundle: {
      order: "post",
      sequential: true,
      async handler() {
        for (const name of await readdir(folder, { recursive: true })) {
          const path = join(folder, name);
          if (!PACKED.has(extname(name)) || (await stat(path)).size < LEAST) continue;
          await writeFile(`${path}.gz`, await promisify(gzip)(await readFile(path), { level: 9 }));
        }
      },
    },
  };
}
