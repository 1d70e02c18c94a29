// Lays graphs out with ELK: one JSON line in, one JSON line out, until the input ends.
//   node elk.cjs path/to/elk.bundled.cjs
// In: {"id": 1, "graph": {…}} (ELK's JSON graph). Out: {"id": 1, "graph": {…}} or {"id": 1, "error": "…"}.
const ELK = require(require("node:path").resolve(process.argv[2]));
const elk = new ELK();

require("node:readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => {
    const { id, graph } = JSON.parse(line);
    elk.layout(graph).then(
      (laid) => process.stdout.write(`${JSON.stringify({ id, graph: laid })}\n`),
      (error) => process.stdout.write(`${JSON.stringify({ id, error: String(error.message ?? error) })}\n`),
    );
  });
