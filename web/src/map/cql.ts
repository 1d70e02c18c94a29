/** Conditions as CQL2 text (OGC 21-065r2), as the map server reads it. */
import type { LonLat } from "./geodesy";

export type Operator = "=" | "<>" | "<" | "<=" | ">" | ">=" | "contains" | "null" | "given";
export const OPERATORS: readonly Operator[] = ["=", "<>", "<", "<=", ">", ">=", "contains", "null", "given"];

export interface Condition {
  property: string;
  operator: Operator;
  value: string;
}

/** What a property holds, as far as a condition has to know. */
export type ValueType = "text" | "number" | "boolean" | "date";

/** A string in its quotes. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function literal(value: string, type: ValueType): string | null {
  if (type === "number") return value.trim() !== "" && Number.isFinite(Number(value)) ? String(Number(value)) : null;
  if (type === "boolean") return value === "true" || value === "false" ? value.toUpperCase() : null;
  if (type === "date") return /^\d{4}-\d\d-\d\d$/.test(value) ? `DATE(${quoted(value)})` : null;
  return quoted(value);
}

/** A condition as text; null while its value is not one of its type. */
export function written({ property, operator, value }: Condition, type: ValueType): string | null {
  switch (operator) {
    case "null":
      return `${property} IS NULL`;
    case "given":
      return `${property} IS NOT NULL`;
    case "contains":
      return value.trim() === "" ? null : `CASEI(${property}) LIKE CASEI(${quoted(`%${value.trim().replaceAll(/([\\%_])/g, "\\$1")}%`)})`;
    default: {
      const said = literal(value, type);
      return said === null ? null : `${property} ${operator} ${said}`;
    }
  }
}

/** All conditions together; those without a value yet are left out. */
export function combined(conditions: readonly Condition[], every: boolean, typeOf: (property: string) => ValueType): string {
  const parts = conditions.flatMap((condition) => written(condition, typeOf(condition.property)) ?? []);
  return parts.join(every ? " AND " : " OR ");
}

/** That a feature meets a closed ring. */
export function inside(ring: readonly LonLat[]): string {
  return `S_INTERSECTS(geom, POLYGON((${ring.map(([lon, lat]) => `${lon.toFixed(7)} ${lat.toFixed(7)}`).join(", ")})))`;
}
