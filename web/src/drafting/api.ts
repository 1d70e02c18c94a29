/** `/api/drafts`: a file on its way up, and what is asked of the draft that it becomes. */
import { ApiError, asked } from "../core/api";
import type { Enterprise, FeatureSummary } from "../core/types";
import type { Decision, Difference, Draft, Drawings, DrawingKind, Enums, Handed, Kind, Options, Preview } from "./types";

/** What the server takes, bytes (docs/house.md). */
export const MAX_BYTES = 256 * 1024 * 1024;

interface Problem {
  title?: string;
  detail?: string;
}

function refused(status: number, body: string, fallback: string): ApiError {
  let problem: Problem = {};
  try {
    problem = JSON.parse(body) as Problem;
  } catch {
    // Not ours: a proxy's page, or nothing at all.
  }
  return new ApiError(status, problem.title ?? fallback, problem.detail ?? "");
}

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

/** A file on its way up. */
export interface Upload {
  done: Promise<Draft>;
  abort(): void;
}

/** Send a file; `progress` hears the share that has left. fetch can't tell that, so this is XMLHttpRequest. */
export function upload(file: File, query: Record<string, string>, progress: (share: number) => void): Upload {
  const request = new XMLHttpRequest();
  const done = new Promise<Draft>((resolve, reject) => {
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onload = () =>
      request.status === 201 ? resolve(JSON.parse(request.responseText) as Draft) : reject(refused(request.status, request.responseText, request.statusText));
    request.onerror = () => reject(new ApiError(0, "network", ""));
    request.onabort = () => reject(new ApiError(0, "aborted", ""));
    request.open("POST", `/api/drafts?${new URLSearchParams({ file_name: file.name, ...query })}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.send(file);
  });
  return { done, abort: () => request.abort() };
}
