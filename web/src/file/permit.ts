/** A permit as it was read of a copy: each value with its place, to be compared, corrected and put together again. */
import { t } from "./text";

export interface Place {
  page?: number;
  box?: [number, number, number, number];
  sheet?: string;
  cell?: string;
}

export interface Proposal {
  source: { file: string; form: "pdf" | "scan" | "excel"; pages: number };
  permit: Record<string, unknown>;
  findings: ({ level: "doubt" | "conflict" | "missing"; message: string } & Place)[];
  values: ({ path: string; value: unknown; text: string; confidence: number } & Place)[];
  left: ({ what: string; text: string } & Place)[];
}

/** What is used of JSON Schema here. */
export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  anyOf?: Schema[];
  type?: string;
  format?: string;
  enum?: string[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  description?: string;
}

type Kind = "text" | "number" | "boolean" | "date" | "enum" | "limit" | "figures" | "words";

export interface Entry {
  path: string;
  kind: Kind;
  label: string;
  choices: { code: string; label: string }[];
  /** As read, or as it is offered; empty of what a person adds. */
  read: string;
  /** What stands in the copy. */
  text: string;
  confidence: number;
  place: Place;
  doubtful: boolean;
}

/** A value that is less sure is shown first (as the reader has it). */
export const DOUBTFUL = 0.95;
/** What a permit can't be registered without, and what tells whose it is. */
const HEAD = ["permit_no", "valid_from", "valid_to", "holder", "credit_code"];
export const SECTIONS = ["", "outlets", "totals", "fugitive", "units", "facilities", "materials", "products", "wastes", "self_monitoring"] as const;
/** Fields whose description only lists their words. */
const NAMES: Record<string, string> = { medium: "介质", class: "类别", way: "排放方式", kind: "种类" };
const WORDS: Record<string, string> = { air: "废气", water: "废水", rain: "雨水" };

export const steps = (path: string): (string | number)[] =>
  [...path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map((found) => (found[2] ? Number(found[2]) - 1 : found[1]!));
/** `outlets[2].pollutants[1].limit` → `outlets[2]`; empty of a field of the head. */
export const rowOf = (path: string): string => /^[a-z_]+\[\d+\]/.exec(path)?.[0] ?? "";
export const sectionOf = (path: string): string => /^([a-z_]+)\[/.exec(path)?.[1] ?? "";

export function get(tree: unknown, path: string): unknown {
  return steps(path).reduce<unknown>((node, step) => (node as Record<string | number, unknown> | undefined)?.[step], tree);
}

export class Form {
  constructor(private readonly root: Schema) {}

  private plain(schema: Schema | undefined): Schema {
    if (!schema) return {};
    if (schema.$ref) return { ...this.plain(this.root.$defs?.[schema.$ref.split("/").at(-1)!]), ...(schema.description ? { description: schema.description } : {}) };
    const some = schema.anyOf?.filter((one) => one.type !== "null");
    return some?.length ? { ...this.plain(some[0]), ...(schema.description ? { description: schema.description } : {}) } : schema;
  }

  at(path: string): Schema {
    return steps(path).reduce<Schema>((node, step) => this.plain(typeof step === "number" ? node.items : node.properties?.[step]), this.plain(this.root));
  }

  label(path: string): string {
    const said = (this.at(path).description ?? "").split(/[，：；（]/)[0]!;
    return /^[a-z]/.test(said) || !said ? (NAMES[String(steps(path).at(-1))] ?? said) : said;
  }

  kind(path: string): Kind {
    const schema = this.at(path);
    if (schema.enum) return "enum";
    if (schema.properties) return "limit";
    if (schema.type === "array") return ["number", "integer"].includes(this.plain(schema.items).type ?? "") ? "figures" : "words";
    if (schema.type === "boolean") return "boolean";
    if (schema.type === "number") return "number";
    return schema.format === "date" ? "date" : "text";
  }

  choices(path: string): { code: string; label: string }[] {
    const schema = this.at(path);
    const told = new Map([...(schema.description ?? "").matchAll(/([a-z_]+) ([^，；]+)/g)].map((found) => [found[1]!, found[2]!]));
    return (schema.enum ?? []).map((code) => ({ code, label: told.get(code) ?? WORDS[code] ?? code }));
  }

  /** What may be added to a row, or to the head (an empty path): fields that are not there, and rows of its own lists. */
  missing(row: string, have: ReadonlySet<string>): { path: string; label: string }[] {
    const schema = this.at(row);
    return Object.keys(schema.properties ?? {}).flatMap((name) => {
      const path = row ? `${row}.${name}` : name;
      const own = this.at(path);
      if (own.type === "array" && this.plain(own.items).properties) {
        if (!row) return [];
        let next = 1;
        while ([...have].some((one) => one.startsWith(`${path}[${next}]`))) next++;
        return this.firsts(`${path}[${next}]`).map((first) => ({ path: first, label: t("permit.one.more", { what: this.label(path) }) }));
      }
      return [...have].some((one) => one === path || one.startsWith(`${path}[`)) ? [] : [{ path, label: this.label(path) || name }];
    });
  }

  /** The fields that a new row can't be without. */
  firsts(row: string): string[] {
    return (this.at(row).required ?? []).map((name) => `${row}.${name}`);
  }

  entry(path: string, read = "", rest: Partial<Entry> = {}): Entry {
    const own = this.label(path) || path.split(".").at(-1)!;
    return { path, kind: this.kind(path), label: own, choices: this.choices(path), read, text: "", confidence: 1, place: {}, doubtful: false, ...rest };
  }

  /** The values of a proposal in its order, one a path. */
  entries(proposal: Proposal): Entry[] {
    const told = new Set(proposal.findings.filter((one) => one.page !== undefined || one.cell !== undefined).map(key));
    const found = new Map<string, Entry>();
    for (const one of proposal.values) {
      const place = placeOf(one);
      const same = found.get(one.path);
      const confidence = Math.min(one.confidence, same?.confidence ?? 1);
      const doubtful = (same?.doubtful ?? false) || confidence < DOUBTFUL || told.has(key(one));
      const text = same && same.text !== one.text ? `${same.text}、${one.text}` : one.text;
      const kind = this.kind(one.path);
      found.set(one.path, this.entry(one.path, shown(kind, get(proposal.permit, one.path)), { text, confidence, place: same?.place ?? place, doubtful }));
    }
    const head = HEAD.filter((name) => !found.has(name)).map((name) => this.entry(name, "", { confidence: 0, doubtful: true }));
    return [...head, ...found.values()];
  }
}

const placeOf = ({ page, box, sheet, cell }: Place): Place => ({
  ...(page === undefined ? {} : { page }),
  ...(box === undefined ? {} : { box }),
  ...(sheet === undefined ? {} : { sheet }),
  ...(cell === undefined ? {} : { cell }),
});
const key = (place: Place): string => JSON.stringify([place.page, place.box, place.sheet, place.cell]);

interface Limit {
  value?: number | null;
  unit?: string;
  text?: string;
}

/** A value as it stands in its field. */
export function shown(kind: Kind, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (kind === "limit") {
    const limit = value as Limit;
    return limit.text || `${limit.value ?? ""} ${limit.unit ?? ""}`.trim();
  }
  if (Array.isArray(value)) return value.map((one) => (one === null ? "—" : String(one))).join("、");
  return String(value);
}

const figure = (text: string): number => Number(text.replaceAll(",", "").trim());

/** What is wrong with what stands in a field; null where nothing is. */
export function wrong(entry: Entry, said: string): string | null {
  const text = said.trim();
  if (!text) return HEAD.slice(0, 3).includes(entry.path) ? t("form.required") : null;
  if (entry.kind === "number" && !(figure(text) >= (/\.(lon|lat)$/.test(entry.path) ? -180 : 0))) return t("form.number");
  if (entry.kind === "date" && !(/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)))) return t("form.date");
  if (entry.kind === "figures" && text.split(/[、，\s]+/).some((one) => one !== "—" && !(figure(one) >= 0))) return t("form.number");
  return null;
}

/** The value that a field's text means; undefined where it is empty. */
export function meant(kind: Kind, said: string): unknown {
  const text = said.trim();
  if (!text) return undefined;
  if (kind === "number") return figure(text);
  if (kind === "boolean") return text === "true";
  if (kind === "figures") return text.split(/[、，\s]+/).map((one) => (one === "—" ? null : figure(one)));
  if (kind === "words") return text.split(/[、，]/).map((one) => one.trim()).filter(Boolean);
  if (kind === "limit") {
    const found = /^(\d[\d,]*(?:\.\d+)?)\s*([^\d\s~～–—级度-].*)?$/.exec(text);
    return found ? { value: figure(found[1]!), ...(found[2] ? { unit: found[2].trim() } : {}) } : { text };
  }
  return text;
}

function put(tree: Record<string, unknown>, path: string, value: unknown): void {
  const way = steps(path);
  let node = tree as Record<string | number, unknown>;
  way.forEach((step, at) => {
    if (at === way.length - 1) node[step] = value;
    else node = (node[step] ??= typeof way[at + 1] === "number" ? [] : {}) as Record<string | number, unknown>;
  });
}

/** Take out the holes of lists, and rows that have lost what names them. */
function closed(node: unknown, form: Form, path: string): unknown {
  if (Array.isArray(node)) {
    const needed = form.at(`${path}[1]`).required ?? [];
    const rows = node.flatMap((one, at) => (one === undefined ? [] : [closed(one, form, `${path}[${at + 1}]`)]));
    return rows.filter((row) => needed.every((name) => (row as Record<string, unknown>)[name] !== undefined));
  }
  if (typeof node !== "object" || node === null) return node;
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, closed(value, form, path ? `${path}.${name}` : name)]));
}

/** The permit that the fields say. */
export function assembled(entries: readonly Entry[], said: Readonly<Record<string, string>>, removed: ReadonlySet<string>, form: Form, permit: unknown): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  for (const entry of entries) {
    if (removed.has(rowOf(entry.path))) continue;
    const text = said[entry.path]!;
    // What nobody touched stays as it was read, to the last digit.
    const value = text === entry.read ? get(permit, entry.path) : meant(entry.kind, text);
    if (value === undefined || value === null) continue;
    const before = entry.kind === "limit" ? (get(permit, entry.path) as Record<string, unknown> | undefined) : undefined;
    put(tree, entry.path, before?.standard && text !== entry.read ? { ...(value as object), standard: before.standard } : value);
  }
  return closed(tree, form, "") as Record<string, unknown>;
}
