// Converts a DWG to DXF with the npm package @mlightcad/libredwg-web that the user has installed (GPL-3.0, never part of quanjing).
//   node dwg.mjs FOLDER IN.dwg OUT.dxf      FOLDER has node_modules/@mlightcad/libredwg-web
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, input, output] = process.argv.slice(2);
// The library's own notes are no part of the answer.
console.log = console.warn = () => {};
const { LibreDwg } = await import(pathToFileURL(join(folder, "node_modules/@mlightcad/libredwg-web/dist/libredwg-web.js")).href);
const library = await LibreDwg.create();
const dwg = readFileSync(input);
const dxf = library.dwg_write_dxf(dwg.buffer.slice(dwg.byteOffset, dwg.byteOffset + dwg.byteLength));
if (dxf === null) process.exit(3);
writeFileSync(output, dxf);
