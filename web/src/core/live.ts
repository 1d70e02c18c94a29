/**
 * The live stream: one EventSource, resumed where it stopped.
 *
 * The first connection names the cursor of the list answer (`?after=`). After a cut the browser's own retry resumes with `Last-Event-ID`;
 * where that fails too, we close and try again with a growing pause, naming the last event that we saw.
 */
import type { ChangeEvent, CityEvent, StateEvent, TilesetEvent } from "./types";

export type Connection =
  | { phase: "connecting"; retryAt: null }
  | { phase: "live"; retryAt: null }
  /** `retryAt`: when the next attempt is due, milliseconds since the epoch. */
  | { phase: "disconnected"; retryAt: number };

export interface LiveHandlers {
  connection(connection: Connection): void;
  change(event: ChangeEvent): void;
  state(event: StateEvent): void;
  tileset(event: TilesetEvent): void;
  city(event: CityEvent): void;
  /** The position is not of this store's log: lists must be read again, and the stream started anew. */
  reset(): void;
}

/** The part of EventSource that is used, so that a test can stand in for the network. */
export interface Source {
  readonly readyState: number;
  onopen: ((event: Event) => void) | null;
  onerror: ((event: Event) => void) | null;
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void;
  close(): void;
}

export interface Clock {
  now(): number;
  after(milliseconds: number, run: () => void): () => void;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  after: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** readyState of a source that is retrying by itself. */
const RETRYING = 0;
/** The server's `retry:`, milliseconds. */
const NATIVE_RETRY_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;
/** The server is heard every 15 s at the latest: who hears nothing for three times as long has lost it, though no end of the connection was told. */
const SILENCE_MS = 45_000;

/** The pause before attempt `failures`: 1, 2, 4, 8, then 15 seconds. */
export function pauseMs(failures: number): number {
  return Math.min(1000 * 2 ** Math.max(0, failures - 1), LONGEST_PAUSE_MS);
}

export class Live {
  private source: Source | null = null;
  private position: string | null = null;
  private failures = 0;
  private cancelRetry: (() => void) | null = null;
  private cancelWatch: (() => void) | null = null;

  constructor(
    private readonly handlers: LiveHandlers,
    private readonly open: (url: string) => Source = (url) => new EventSource(url) as unknown as Source,
    private readonly clock: Clock = SYSTEM_CLOCK,
  ) {}

  /** Begin after `cursor`; a running stream is replaced. */
  start(cursor: string): void {
    this.position = cursor;
    this.failures = 0;
    this.connect();
  }

  /** Try at once instead of waiting for the countdown. */
  retryNow(): void {
    if (this.position !== null) this.connect();
  }

  stop(): void {
    this.cancelRetry?.();
    this.cancelRetry = null;
    this.cancelWatch?.();
    this.cancelWatch = null;
    this.source?.close();
    this.source = null;
  }

  private connect(): void {
    this.stop();
    if (this.failures === 0) this.handlers.connection({ phase: "connecting", retryAt: null });
    const source = this.open(this.position ? `/live?after=${encodeURIComponent(this.position)}` : "/live");
    this.source = source;
    this.listenOn(source);
    source.onopen = () => {
      this.failures = 0;
      this.listenOn(source);
      this.handlers.connection({ phase: "live", retryAt: null });
    };
    source.onerror = () => {
      if (this.source === source) this.failed(source);
    };
    this.on<ChangeEvent>(source, "change", (event) => this.handlers.change(event));
    this.on<StateEvent>(source, "state", (event) => this.handlers.state(event));
    this.on<TilesetEvent>(source, "tileset", (event) => this.handlers.tileset(event));
    this.on<CityEvent>(source, "city", (event) => this.handlers.city(event));
    this.on<object>(source, "beat", () => {});
    this.on<object>(source, "reset", () => {
      this.stop();
      this.handlers.reset();
    });
  }

  private on<T>(source: Source, type: string, handle: (event: T) => void): void {
    source.addEventListener(type, (message) => {
      if (this.source !== source) return;
      this.listenOn(source);
      if (message.lastEventId) this.position = message.lastEventId;
      handle(JSON.parse(message.data) as T);
    });
  }

  /** Something was heard: from now on silence counts anew. */
  private listenOn(source: Source): void {
    this.cancelWatch?.();
    this.cancelWatch = this.clock.after(SILENCE_MS, () => this.lost(source));
  }

  private lost(source: Source): void {
    if (this.source !== source) return;
    this.failures += 1;
    this.retry();
  }

  private failed(source: Source): void {
    this.failures += 1;
    if (this.failures === 1 && source.readyState === RETRYING) {
      this.handlers.connection({ phase: "disconnected", retryAt: this.clock.now() + NATIVE_RETRY_MS });
      return;
    }
    this.retry();
  }

  /** Close, and try again after a pause that grows. */
  private retry(): void {
    this.stop();
    const pause = pauseMs(this.failures);
    this.handlers.connection({ phase: "disconnected", retryAt: this.clock.now() + pause });
    this.cancelRetry = this.clock.after(pause, () => this.connect());
  }
}
