/** `/api/enterprises/{id}/file`: an enterprise's file, row by row and as a workbook. */
import { asked, sent } from "../core/api";
import { sentUp } from "../core/upload";
import type { Enterprise } from "../core/types";
import type { Proposal, Schema } from "./permit";
import type { EnterpriseFile, Part, Row } from "./rows";

export interface Imported {
  insert: number;
  update: number;
  unchanged: number;
  refused: number;
  faults: string[];
  fault_count: number;
  workbook: string | null;
}

export interface PermitCopy {
  copy_id: string;
  file_name: string;
  state: "reading" | "ready" | "registering" | "registered" | "failed" | "cancelled";
  progress: { step?: string; share?: number };
  failure: string | null;
  checked: { checked_by: string; corrected: string[] } | null;
  action: "insert" | "update" | "unchanged" | null;
  created_at: string;
}

export interface PermitCopies {
  registered: { permit_no: string; valid_from: string; valid_to: string; recorded_at: string; author: string; reason: string; newest: boolean }[];
  copies: PermitCopy[];
  schema: Schema;
}

export interface Worksheet {
  rows: string[][];
  merged: string[];
}

/** What the server takes of a permit's copy, bytes; dots an inch of its pages' pictures (docs/house.md). */
export const MOST_COPY = 64 * 1024 * 1024;
export const PAGE_DPI = 110;
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

export interface Register extends Omit<Part, "rows"> {
  rows: (Row & { feature_id: string })[];
}

/** The register of enterprises. `action` is missing where the server has queued what it could not do at once. */
export const registerApi = {
  register: () => asked<Register>("GET", "/api/register"),
  add: (row: Record<string, string>) => asked<{ feature_id: string | null; state: string }>("POST", "/api/register", row),
  change: (enterprise: string, row: Record<string, string>) =>
    asked<{ feature_id: string | null; state: string }>("PUT", `/api/register/${encodeURIComponent(enterprise)}`, row),
  workbook: (blank: boolean) => `/api/register.xlsx${blank ? "?blank=true" : ""}`,
  import: async (workbook: Blob) => (await (await sent("POST", "/api/register.xlsx", workbook, EXCEL)).json()) as Imported,
};

const copyAt = (copy: string) => `/api/permit-copies/${encodeURIComponent(copy)}`;

export const permitApi = {
  copies: (enterprise: string) => asked<PermitCopies>("GET", `${at(enterprise)}/permit-copies`),
  proposal: (copy: string) => asked<Proposal>("GET", `${copyAt(copy)}/proposal`),
  events: (copy: string) => `${copyAt(copy)}/events`,
  file: (copy: string) => `${copyAt(copy)}/file`,
  page: (copy: string, page: number) => `${copyAt(copy)}/pages/${page}.jpg`,
  worksheet: (copy: string, name: string) => asked<Worksheet>("GET", `${copyAt(copy)}/worksheet?${new URLSearchParams({ name })}`),
  register: (copy: string, said: { permit: object; checked_by: string; corrected: string[]; other_holder: boolean }) =>
    asked<PermitCopy>("POST", `${copyAt(copy)}/register`, said),
  cancel: (copy: string) => sent("DELETE", copyAt(copy)),
  sheet: (enterprise: string) => `${at(enterprise)}/permit.pdf`,
};

/** Send a copy; `progress` hears the share that has left. */
export const upload = (enterprise: string, file: File, progress: (share: number) => void): Promise<PermitCopy> =>
  sentUp<PermitCopy>(`${at(enterprise)}/permit-copies?${new URLSearchParams({ file_name: file.name })}`, file, progress).done;
