/** The production process of an enterprise, as a page asks it: what pollutes, which way it goes, and what of it stands on the map. */
import type { FeatureSummary } from "./types";

export interface ProcessNode {
  code: string;
  name: string;
  type: string;
  type_label: string;
  /** MF, TA, TW, DA, DW codes of the site plan. */
  unit_codes: string[];
  pollutants: string[];
  note: string;
  amount: string;
  upgrade: string | null;
  upgrade_label: string;
  upgraded_on: string;
  feature_id: string | null;
  /** Millimetres of the picture, y downwards. */
  box: [left: number, top: number, width: number, height: number];
}

interface Named {
  code: string;
}

export interface Process {
  width: number;
  height: number;
  nodes: ProcessNode[];
  streams: { code: string; from: string; to: string; carries: string; medium: string; feature_id: string | null }[];
  /** Where pollutants arise, and what becomes of them. */
  arisings: { source: Named & { pollutants: string[] }; steps: Named[]; treatments: Named[]; ends: Named[] }[];
}

/** Solid waste is a name of its own each: what is asked for by name is what leaves with gas and water. */
const ASKED = /^[GW]/;

/** The pollutants of a process by how many steps emit them, most first. */
export function pollutantsOf(process: Process): string[] {
  const counts = new Map<string, number>();
  for (const { source } of process.arisings) {
    if (!ASKED.test(source.code)) continue;
    for (const name of source.pollutants) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].sort((one, other) => other[1] - one[1]).map(([name]) => name);
}

/** The codes on the ways of a pollutant: the steps that emit it, what treats it, where it leaves. */
export function waysOf(process: Process, pollutant: string): Set<string> {
  const codes = new Set<string>();
  for (const { source, steps, treatments, ends } of process.arisings) {
    if (!source.pollutants.includes(pollutant)) continue;
    for (const one of [source, ...steps, ...treatments, ...ends]) codes.add(one.code);
  }
  return codes;
}

/** The features of the map that each node stands for, by the node's code. */
export function onMap(process: Process, features: readonly FeatureSummary[]): Map<string, FeatureSummary[]> {
  const byCode = new Map(features.filter((feature) => feature.code).map((feature) => [feature.code!, feature]));
  return new Map(process.nodes.map((node) => [node.code, node.unit_codes.flatMap((code) => byCode.get(code) ?? [])]));
}
