/** `/api/drafts`: a file on its way up, and what is asked of the draft that it becomes. */
import { ApiError, asked } from "../core/api";
import type { Enterprise, FeatureSummary } from "../core/types";
import type { Draft, Enums, Kind, Options, Preview } from "./types";

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
  publish: (draft: string) => asked<Draft>("POST", `${at(draft)}/import`),
  cancel: (draft: string) => asked<Draft>("DELETE", at(draft)),
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
