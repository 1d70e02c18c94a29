/** What the map's fragment says beside the place that it shares with the panorama: an instant, and what of one kind is shown. */

export interface Only {
  kind: string;
  cql: string;
}

export interface MapState {
  /** RFC 3339, UTC. */
  at: string | null;
  only: Only | null;
}

const LONGEST = 4000;

/** `&at=…&of=building&cql=…` */
export function writeState({ at, only }: MapState): string {
  const pieces = [at && `at=${encodeURIComponent(at)}`, only && `of=${only.kind}`, only && `cql=${encodeURIComponent(only.cql)}`];
  return pieces.filter(Boolean).join("&");
}

/** Read what `writeState` wrote; anything malformed is ignored. */
export function readState(hash: string): MapState {
  const said = new URLSearchParams(hash.replace(/^#/, "").replaceAll("+", "%2B"));
  const at = said.get("at");
  const [kind, cql] = [said.get("of"), said.get("cql")];
  return {
    at: at && !Number.isNaN(Date.parse(at)) ? new Date(at).toISOString() : null,
    only: kind && /^[a-z0-9_]{1,40}$/.test(kind) && cql && cql.length <= LONGEST ? { kind, cql } : null,
  };
}
