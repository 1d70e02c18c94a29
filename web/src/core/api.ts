/** The one door to the server's JSON: typed questions, and errors as problem documents (RFC 9457). */
import type { Process } from "./process";
import type { Card, CityLayer, DeliveredLayer, Enterprise, FeatureSummary, Going, HistoryEntry, Kinds, Land, SheetLink, TilesetPointer } from "./types";

export class ApiError extends Error {
  /** `status` is 0 where no answer came at all. */
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
  ) {
    super(detail || title);
    this.name = "ApiError";
  }
}

interface Problem {
  title?: unknown;
  detail?: unknown;
}

async function problem(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as Problem;
  const text = (value: unknown, fallback: string) => (typeof value === "string" ? value : fallback);
  return new ApiError(response.status, text(body.title, response.statusText), text(body.detail, ""));
}

/** Send a request; an answer that is no success is an `ApiError`. */
export async function sent(method: string, path: string, body?: BodyInit, type = "application/json"): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = type;
  let response: Response;
  try {
    response = await fetch(path, { method, headers, ...(body === undefined ? {} : { body }) });
  } catch (cause) {
    throw new ApiError(0, "network", cause instanceof Error ? cause.message : String(cause));
  }
  if (!response.ok) throw await problem(response);
  return response;
}

/** Ask with JSON for JSON. */
export async function asked<T>(method: string, path: string, body?: unknown): Promise<T> {
  return (await (await sent(method, path, body === undefined ? undefined : JSON.stringify(body))).json()) as T;
}

export class Api {
  constructor(private readonly fetcher: typeof fetch = (input, init) => fetch(input, init)) {}

  kinds(): Promise<Kinds> {
    return this.get("/api/kinds");
  }

  enterprises(): Promise<{ cursor: string; city: TilesetPointer | null; enterprises: Enterprise[] }> {
    return this.get("/api/enterprises");
  }

  /** What is being put into the store. */
  async going(): Promise<Going[]> {
    return (await this.get<{ going: Going[] }>("/api/progress")).going;
  }

  /** Whether there is terrain, and which base maps. */
  land(): Promise<Land> {
    return this.get("/api/land");
  }

  /** A layer of the whole city, thinned. */
  city(kind: string): Promise<CityLayer> {
    return this.get(`/api/city/${encodeURIComponent(kind)}`);
  }

  async delivered(): Promise<DeliveredLayer[]> {
    return (await this.get<{ layers: DeliveredLayer[] }>("/layers3d")).layers;
  }

  features(enterprise: string): Promise<{ cursor: string; features: FeatureSummary[] }> {
    return this.get(`/api/enterprises/${encodeURIComponent(enterprise)}/features`);
  }

  card(feature: string): Promise<Card> {
    return this.get(`/api/features/${encodeURIComponent(feature)}`);
  }

  async history(feature: string): Promise<HistoryEntry[]> {
    const answer = await this.get<{ history: HistoryEntry[] }>(`/api/features/${encodeURIComponent(feature)}/history`);
    return answer.history;
  }

  /** The printed drawings of an enterprise, in their order. */
  async sheets(enterprise: string): Promise<SheetLink[]> {
    const answer = await this.get<{ sheets: SheetLink[] }>(`/api/enterprises/${encodeURIComponent(enterprise)}/sheets`);
    return answer.sheets;
  }

  process(enterprise: string): Promise<Process> {
    return this.get(`/api/enterprises/${encodeURIComponent(enterprise)}/process`);
  }

  tileset(enterprise: string): Promise<TilesetPointer> {
    return this.get(`/tiles3d/${encodeURIComponent(enterprise)}/current.json`);
  }

  private async get<T>(path: string): Promise<T> {
    let response: Response;
    try {
      response = await this.fetcher(path, { headers: { Accept: "application/json" } });
    } catch (cause) {
      throw new ApiError(0, "network", cause instanceof Error ? cause.message : String(cause));
    }
    if (!response.ok) throw await problem(response);
    return (await response.json()) as T;
  }
}
