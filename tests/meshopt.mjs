// The compression of EXT_meshopt_compression by the format's own library: node meshopt.mjs <folder of package.json>
// Reads [{op: "encode" | "decode", data, count, stride, mode, filter}] as JSON, data in base64; prints the answers in order, in base64.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const load = createRequire(resolve(process.argv[2], "package.json"));
const { MeshoptDecoder } = load("meshoptimizer/decoder");
const { MeshoptEncoder } = load("meshoptimizer/encoder");
await Promise.all([MeshoptDecoder.ready, MeshoptEncoder.ready]);

function answer({ op, data, count, stride, mode, filter }) {
  const bytes = new Uint8Array(Buffer.from(data, "base64"));
  if (op === "encode") return MeshoptEncoder.encodeGltfBuffer(bytes, count, stride, mode, 0);
  const target = new Uint8Array(count * stride);
  MeshoptDecoder.decodeGltfBuffer(target, count, stride, bytes, mode, filter);
  return target;
}
console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map((asked) => Buffer.from(answer(asked)).toString("base64"))));
