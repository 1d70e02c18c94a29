import { copyFile, mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";

/**
 * Copy the layout library ELK (elkjs, EPL-2.0, unchanged) to `<outDir>/elk`, so that what is built is all that a machine without npm needs:
 * `drawings/process/elk.cjs` runs it in Node. The suffix says that it is a CommonJS module, which this project's own files are not.
 */
export function elkLibrary(): Plugin {
  const root = dirname(createRequire(import.meta.url).resolve("elkjs/package.json"));
  let target = "";
  return {
    name: "elk-library",
    configResolved(config) {
      target = join(config.root, config.build.outDir, "elk");
    },
    async writeBundle() {
      await mkdir(target, { recursive: true });
      await copyFile(join(root, "lib/elk.bundled.js"), join(target, "elk.bundled.cjs"));
      await copyFile(join(root, "LICENSE.md"), join(target, "LICENSE.md"));
    },
  };
}
