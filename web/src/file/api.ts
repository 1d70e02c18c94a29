/** `/api/enterprises/{id}/file`: an enterprise's file, row by row and as a workbook. */
import { asked, sent } from "../core/api";
import type { Enterprise } from "../core/types";
import type { EnterpriseFile } from "./rows";

export interface Imported {
  insert: number;
  update: number;
  unchanged: number;
  refused: number;
  faults: string[];
  fault_count: number;
  workbook: string | null;
}

export const EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const at = (enterprise: string) => `/api/enterprises/${encodeURIComponent(enterprise)}`;

export const fileApi = {
  enterprises: async () => (await asked<{ enterprises: Enterprise[] }>("GET", "/api/enterprises")).enterprises,
  file: (enterprise: string) => asked<EnterpriseFile>("GET", `${at(enterprise)}/file`),
  save: (enterprise: string, part: string, record: string | null, row: Record<string, string>) =>
    record === null
      ? asked<{ action: string }>("POST", `${at(enterprise)}/file/${part}`, row)
      : asked<{ action: string }>("PUT", `${at(enterprise)}/file/${part}/${record}`, row),
  remove: (enterprise: string, part: string, record: string) => sent("DELETE", `${at(enterprise)}/file/${part}/${record}`),
  workbook: (enterprise: string, blank: boolean) => `${at(enterprise)}/file.xlsx${blank ? "?blank=true" : ""}`,
  import: async (enterprise: string, workbook: Blob) =>
    (await (await sent("POST", `${at(enterprise)}/file.xlsx`, workbook, EXCEL)).json()) as Imported,
};
