/** The conversation with the server: lists first, then the live stream; what is read again, and when. */
import { ApiError, type Api } from "./api";
import { Live, SYSTEM_CLOCK, type Clock, type Source } from "./live";
import type { FeatureStore } from "./store";
import type { ChangeEvent } from "./types";

/** Inserts of one import arrive one by one; the list is read once after the last of them, milliseconds. */
const SETTLE_MS = 400;
/** Pause before lists are asked for again, where the page already shows some, milliseconds. */
const AGAIN_MS = 3000;
/** Between two questions how far work has come that fills the store, while there is any or nothing to show, milliseconds. */
const PROGRESS_MS = 2000;

export class Session {
  readonly live: Live;
  private readonly reading = new Map<string, Promise<void>>();
  private readonly settling = new Map<string, ReturnType<typeof setTimeout>>();
  private following = false;

  constructor(
    private readonly api: Api,
    private readonly store: FeatureStore,
    open?: (url: string) => Source,
    private readonly clock: Clock = SYSTEM_CLOCK,
  ) {
    this.live = new Live(
      {
        connection: (connection) => {
          store.setConnection(connection);
          // What was begun, or has ended, while nothing was heard.
          if (connection.phase === "live") void this.followProgress();
        },
        change: (event) => this.onChange(event),
        state: (event) => {
          if (store.applyState(event) && event.enterprise_id) void this.readFeatures(event.enterprise_id);
        },
        tileset: (event) => {
          if (store.applyTileset(event)) this.settle("enterprises", () => this.readEnterprises());
        },
        city: ({ version, url }) => store.setCity(version && url ? { version, url } : null),
        reset: () => void this.start(),
      },
      open,
      this.clock,
    );
  }

  /** Read kinds and enterprises, then listen from that answer's position on. A failure is a phase of the store, not an exception. */
  async start(): Promise<void> {
    if (this.store.phase === "error") this.store.setPhase("loading");
    try {
      const [kinds, list] = await Promise.all([this.api.kinds(), this.api.enterprises()]);
      this.store.setKinds(kinds);
      this.store.setCity(list.city);
      this.store.setEnterprises(list.enterprises);
      const known = list.enterprises.map((enterprise) => enterprise.feature_id).filter((id) => this.store.hasFeatures(id));
      await Promise.all(known.map((id) => this.readFeatures(id)));
      this.store.setPhase("ready");
      this.live.start(list.cursor);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.failed(error);
    }
  }

  /** Ask how far work has come until there is none, and something to show. */
  private async followProgress(): Promise<void> {
    if (this.following) return;
    this.following = true;
    do {
      const going = await this.api.going().catch((error: unknown) => this.tolerate(error));
      if (going) this.store.setGoing(going);
    } while ((this.store.going.length > 0 || this.store.enterprises.size === 0) && (await this.pause(PROGRESS_MS)));
    this.following = false;
  }

  private pause(milliseconds: number): Promise<true> {
    return new Promise((resolve) => this.clock.after(milliseconds, () => resolve(true)));
  }

  /** What is on the screen stays there while we try again; with nothing to show the page says so. */
  private failed(error: ApiError): void {
    if (this.store.enterprises.size === 0) {
      this.store.setPhase("error", error.message);
      return;
    }
    this.store.setConnection({ phase: "disconnected", retryAt: this.clock.now() + AGAIN_MS });
    this.clock.after(AGAIN_MS, () => void this.start());
  }

  /** Read an enterprise's features once. */
  async ensureFeatures(enterprise: string): Promise<void> {
    if (!this.store.hasFeatures(enterprise)) await this.readFeatures(enterprise);
  }

  private readFeatures(enterprise: string): Promise<void> {
    const running = this.reading.get(enterprise);
    if (running) return running;
    const read = this.api
      .features(enterprise)
      .then(
        (answer) => this.store.setFeatures(enterprise, answer.features),
        (error: unknown) => this.tolerate(error),
      )
      .finally(() => this.reading.delete(enterprise));
    this.reading.set(enterprise, read);
    return read;
  }

  private async readEnterprises(): Promise<void> {
    try {
      const list = await this.api.enterprises();
      this.store.setCity(list.city);
      this.store.setEnterprises(list.enterprises);
    } catch (error) {
      this.tolerate(error);
    }
  }

  private onChange(event: ChangeEvent): void {
    if (event.kind === "enterprise") this.settle("enterprises", () => this.readEnterprises());
    const unknown = this.store.applyChange(event);
    const enterprise = event.enterprise_id;
    if (unknown && enterprise) this.settle(enterprise, () => this.readFeatures(enterprise));
  }

  private settle(key: string, run: () => Promise<void>): void {
    clearTimeout(this.settling.get(key));
    this.settling.set(
      key,
      setTimeout(() => {
        this.settling.delete(key);
        void run();
      }, SETTLE_MS),
    );
  }

  /** A list that cannot be read now leaves what is shown; the live connection tells the person how things stand. */
  private tolerate(error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
  }
}
