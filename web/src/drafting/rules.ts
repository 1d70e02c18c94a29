/** A mapping file as something to edit: rules in order, the first that fits decides; comments of the file stay. */
import { Document, isMap, isSeq, parseDocument, YAMLSeq, type YAMLMap } from "yaml";
import type { Enums, Group, Kind } from "./types";

/** What a person can say about a group. `null` of kind and ignore: still to be decided. */
export interface Choice {
  kind: string | null;
  ignore: string | null;
  height: number | null;
  name: string;
  attributes: Record<string, string | number | boolean>;
}

export const UNDECIDED: Choice = { kind: null, ignore: null, height: null, name: "", attributes: {} };

interface When {
  layer?: string | string[];
  type?: string | string[];
  block?: string | string[];
  closed?: boolean;
  color?: unknown;
  text?: string;
}

interface Rule {
  when?: When;
  kind?: string;
  ignore?: string;
  explode?: boolean;
  height?: number | string;
  name?: string;
  attributes?: Choice["attributes"];
}

const listed = (value: string | string[] | undefined): string[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);
const same = (value: string | string[] | undefined, one: string | null) => {
  const names = listed(value);
  return one === null ? names.length === 0 : names.length === 1 && names[0]!.toUpperCase() === one.toUpperCase();
};

/** The question that a group's own rule asks. */
export function whenOf(group: Group): When {
  return {
    layer: group.layer,
    type: group.type,
    ...(group.block === null ? {} : { block: group.block }),
    ...(group.closed === null ? {} : { closed: group.closed }),
  };
}

function asks(when: When | undefined, group: Group): boolean {
  if (!when || when.color !== undefined || when.text !== undefined) return false;
  return same(when.layer, group.layer) && same(when.type, group.type) && same(when.block, group.block) && (when.closed ?? null) === group.closed;
}

export class Rules {
  private constructor(private readonly document: Document) {}

  /** Read a file's text; null where it is no YAML mapping. An empty text is an empty file. */
  static of(text: string): Rules | null {
    const document: Document = text.trim() ? parseDocument(text) : new Document({ mapping: 1, rules: [] });
    if (document.errors.length || !isMap(document.contents)) return null;
    if (!isSeq(document.get("rules"))) document.set("rules", new YAMLSeq());
    return new Rules(document);
  }

  get text(): string {
    return this.document.toString({ lineWidth: 160 });
  }

  get size(): number {
    return this.list.items.length;
  }

  private get list(): YAMLSeq<YAMLMap> {
    return this.document.get("rules") as YAMLSeq<YAMLMap>;
  }

  private rules(): Rule[] {
    return (this.document.toJS() as { rules?: Rule[] | null }).rules ?? [];
  }

  private place(group: Group): number {
    return this.rules().findIndex((rule) => asks(rule.when, group));
  }

  /** What the group's own rule says; null without one. */
  choice(group: Group): Choice | null {
    const rule = this.rules()[this.place(group)];
    if (!rule) return null;
    return {
      kind: rule.kind ?? null,
      ignore: rule.ignore ?? null,
      height: typeof rule.height === "number" ? rule.height : null,
      name: rule.name ?? "",
      attributes: rule.attributes ?? {},
    };
  }

  /** Give a group its own rule, before all others where it had none: it is the most exact. */
  choose(group: Group, choice: Choice): void {
    const said: Rule = {
      when: whenOf(group),
      ...(choice.kind ? { kind: choice.kind } : choice.ignore ? { ignore: choice.ignore } : {}),
      ...(choice.kind && choice.height !== null ? { height: choice.height } : {}),
      ...(choice.kind && choice.name ? { name: choice.name } : {}),
      ...(choice.kind && Object.keys(choice.attributes).length ? { attributes: choice.attributes } : {}),
    };
    const place = this.place(group);
    const before = place < 0 ? null : this.list.items[place]!;
    if (before === null) {
      this.list.items.unshift(this.document.createNode(said) as YAMLMap);
      return;
    }
    // What the page does not show (label, code, base …) stays.
    for (const key of ["kind", "ignore", "explode", "name", "attributes"]) before.delete(key);
    if (typeof this.rules()[place]?.height === "number" || choice.height !== null || !choice.kind) before.delete("height");
    for (const [key, value] of Object.entries(said)) if (key !== "when") before.set(key, this.document.createNode(value));
  }
}

/** The attributes without which a thing of a kind can't be stored, each with the first of its values where it has a list. */
export function required(kind: Kind, enums: Enums): Choice["attributes"] {
  const values: Choice["attributes"] = {};
  for (const attribute of kind.attributes) {
    if (attribute.required) values[attribute.name] = attribute.enum ? (Object.keys(enums[attribute.enum] ?? {})[0] ?? "") : "";
  }
  return values;
}

const POINTS = new Set(["POINT", "INSERT", "TEXT", "MTEXT"]);

/** Whether entities like these can become a kind. Open lines may close to an outline with their neighbours. */
export function fits(group: Group, kind: Kind): boolean {
  const point = POINTS.has(group.type);
  if (kind.geometry === "Point") return point || group.type === "CIRCLE";
  if (kind.geometry === "Geometry") return true;
  return !point;
}
