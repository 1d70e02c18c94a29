/** `/api/drafts`: a file on its way up, and what is asked of the draft that it becomes. */
import { asked } from "../core/api";
import { refused, sentUp, type Upload } from "../core/upload";
import type { Enterprise, FeatureSummary } from "../core/types";
import type { Decision, Difference, Draft, Drawings, DrawingKind, Enums, Handed, Kind, Options, Preview } from "./types";

/** What the server takes, bytes (docs/house.md). */
export const MAX_BYTES = 256 * 1024 * 1024;

const at = (draft: string) => `/api/drafts/${encodeURIComponent(draft)}`;

export const draftsApi = {
  kinds: () => asked<{ kinds: Kind[]; enums: Enums }>("GET", "/api/kinds"),
  enterprises: async () => (await asked<{ enterprises: Enterprise[] }>("GET", "/api/enterprises")).enterprises,
  features: async (enterprise: string) =>
    (await asked<{ features: FeatureSummary[] }>("GET", `/api/enterprises/${encodeURIComponent(enterprise)}/features`)).features,
  draft: (draft: string) => asked<Draft>("GET", at(draft)),
  result: (draft: string) => asked<Preview>("GET", `${at(draft)}/result`),
  options: (draft: string, options: Options) => asked<Draft>("PUT", `${at(draft)}/options`, options),
  publish: (draft: string, handed: Handed) => asked<Draft>("POST", `${at(draft)}/import`, handed),
  cancel: (draft: string) => asked<Draft>("DELETE", at(draft)),
};

/** Where the drawings of an enterprise are. */
export const drawingsAt = (enterprise: string) => `/api/enterprises/${encodeURIComponent(enterprise)}/drawings`;

export const versionsApi = {
  drawings: (enterprise: string) => asked<Drawings>("GET", drawingsAt(enterprise)),
  difference: (enterprise: string, kind: DrawingKind, to: number) => asked<Difference>("GET", `${drawingsAt(enterprise)}/${kind}/difference?to=${to}`),
  decide: (enterprise: string, kind: DrawingKind, version: number, said: { act: Decision; signed: string; reason: string; resurvey_on: string | null }) =>
    asked<{ act_id: string }>("POST", `${drawingsAt(enterprise)}/${kind}/${version}/acts`, said),
  async file(enterprise: string, kind: DrawingKind, version: number, name: string): Promise<File> {
    const response = await fetch(`${drawingsAt(enterprise)}/${kind}/${version}/file`);
    if (!response.ok) throw refused(response.status, await response.text(), response.statusText);
    return new File([await response.blob()], name);
  },
};
export type DraftsApi = typeof draftsApi;

/** Send a file; `progress` hears the share that has left. */
export const upload = (file: File, query: Record<string, string>, progress: (share: number) => void): Upload<Draft> =>
  sentUp<Draft>(`/api/drafts?${new URLSearchParams({ file_name: file.name, ...query })}`, file, progress);
