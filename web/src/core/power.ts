/** The electricity of production and treatment, as `/api/enterprises/{id}/power` tells it: curves for a picture, judgements in words. */

export interface Power {
  begin: string;
  end: string;
  step_s: number;
  pairs: { treatment: string; production: string[] }[];
  channels: { mn: string; factor: string; unit_code: string; rated: number | null }[];
  devices: { code: string; running: number | null; floor: number | null; loads: (number | null)[] }[];
  findings: PowerFinding[];
}

export interface PowerFinding {
  kind: string;
  label: string;
  level: number;
  begin: string;
  end: string | null;
  treatment: string | null;
  production: string[];
}

export interface Curve {
  code: string;
  treats: boolean;
  /** Of an SVG path on a picture of `steps` × 100; 100 is twice the running level, from below. */
  path: string;
  /** Share of the running level at the end, null where it is not known. */
  now: number | null;
}

export interface PairPicture {
  treatment: string;
  steps: number;
  curves: Curve[];
  /** Steps from which to which something was found, and its level. */
  marks: { from: number; to: number; level: number }[];
  findings: PowerFinding[];
}

/** The highest load that a picture shows, as a share of the running level. */
export const MOST = 1.5;

/** The line of a device's load, broken where nothing is known. */
export function pathOf(loads: (number | null)[], running: number): string {
  let path = "";
  let drawing = false;
  loads.forEach((load, step) => {
    if (load === null) {
      drawing = false;
      return;
    }
    const y = 100 - (Math.min(MOST, Math.max(0, load / running)) / MOST) * 100;
    path += `${drawing ? "L" : "M"}${step + 0.5} ${y.toFixed(1)}`;
    drawing = true;
  });
  return path;
}

/** The pairs that are metered, those with findings first, each as a picture. */
export function picturesOf(power: Power): PairPicture[] {
  const devices = new Map(power.devices.map((device) => [device.code, device]));
  const begin = Date.parse(power.begin);
  const step = (at: string) => (Date.parse(at) - begin) / 1000 / power.step_s;
  const pictures: PairPicture[] = [];
  for (const pair of power.pairs) {
    const codes = [...pair.production, pair.treatment].filter((code) => devices.has(code));
    if (!codes.length) continue;
    const steps = Math.max(1, ...codes.map((code) => devices.get(code)!.loads.length));
    const findings = power.findings.filter((one) => (one.treatment ? one.treatment === pair.treatment : one.production.some((code) => pair.production.includes(code))));
    const curves = codes.map((code) => {
      const { loads, running } = devices.get(code)!;
      const last = loads.at(-1) ?? loads.at(-2) ?? null;
      return { code, treats: code === pair.treatment, path: running ? pathOf(loads, running) : "", now: running && last !== null ? last / running : null };
    });
    const marks = findings.map((one) => ({ from: Math.max(0, step(one.begin)), to: one.end ? Math.min(steps, step(one.end)) : steps, level: one.level }));
    pictures.push({ treatment: pair.treatment, steps, curves, marks, findings });
  }
  return pictures.sort((a, b) => Number(b.findings.length > 0) - Number(a.findings.length > 0));
}
