/** Files on their way up. */
import { ApiError } from "./api";

interface Problem {
  title?: string;
  detail?: string;
}

/** The error that an answer in text tells. */
export function refused(status: number, body: string, fallback: string): ApiError {
  let problem: Problem = {};
  try {
    problem = JSON.parse(body) as Problem;
  } catch {
    // Not ours: a proxy's page, or nothing at all.
  }
  return new ApiError(status, problem.title ?? fallback, problem.detail ?? "");
}

export interface Upload<Answer> {
  done: Promise<Answer>;
  abort(): void;
}

/** Send a file; `progress` hears the share that has left. fetch can't tell that, so this is XMLHttpRequest. */
export function sentUp<Answer>(address: string, file: File, progress: (share: number) => void): Upload<Answer> {
  const request = new XMLHttpRequest();
  const done = new Promise<Answer>((resolve, reject) => {
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onload = () =>
      request.status === 201 ? resolve(JSON.parse(request.responseText) as Answer) : reject(refused(request.status, request.responseText, request.statusText));
    request.onerror = () => reject(new ApiError(0, "network", ""));
    request.onabort = () => reject(new ApiError(0, "aborted", ""));
    request.open("POST", address);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.send(file);
  });
  return { done, abort: () => request.abort() };
}
