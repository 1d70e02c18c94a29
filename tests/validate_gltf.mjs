// Runs the Khronos glTF validator over glTF files: node validate_gltf.mjs <folder of package.json> <gltf or glb>…
// Prints {path: {errors, warnings, messages}} as JSON. createRequire, because ES modules know no NODE_PATH.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";

const [home, ...paths] = process.argv.slice(2);
const validator = createRequire(resolve(home, "package.json"))("gltf-validator");
const report = {};
for (const path of paths) {
  const bytes = (file) => new Uint8Array(readFileSync(file));
  const externalResourceFunction = async (uri) => bytes(resolve(dirname(path), uri));
  const { issues } = await validator.validateBytes(bytes(path), { uri: path, maxIssues: 50, externalResourceFunction });
  report[path] = {
    errors: issues.numErrors,
    warnings: issues.numWarnings,
    messages: issues.messages.filter(({ severity }) => severity < 2).map(({ code, message, pointer }) => `${code} ${pointer ?? ""} ${message}`),
    notes: [...new Set(issues.messages.map(({ code }) => code))].sort(),
  };
}
console.log(JSON.stringify(report));
