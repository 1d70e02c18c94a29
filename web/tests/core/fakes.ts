import type { Clock, Source } from "../../src/core/live";

/** A stream that the test speaks through. */
export class FakeSource implements Source {
  readyState = 0;
  closed = false;
  onopen: ((event: Event) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  private readonly listeners = new Map<string, (event: MessageEvent<string>) => void>();

  constructor(readonly url: string) {}

  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.listeners.set(type, listener);
  }

  close(): void {
    this.closed = true;
    this.readyState = 2;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.(new Event("open"));
  }

  /** `retrying`: the browser goes on by itself; otherwise the server has refused. */
  fail(retrying: boolean): void {
    this.readyState = retrying ? 0 : 2;
    this.onerror?.(new Event("error"));
  }

  send(type: string, data: unknown, lastEventId = ""): void {
    this.listeners.get(type)?.(new MessageEvent(type, { data: JSON.stringify(data), lastEventId }));
  }
}

/** Time that passes when the test says so. */
export class FakeClock implements Clock {
  private time = 0;
  private readonly due: { at: number; run: () => void }[] = [];

  now(): number {
    return this.time;
  }

  after(milliseconds: number, run: () => void): () => void {
    const entry = { at: this.time + milliseconds, run };
    this.due.push(entry);
    return () => {
      const index = this.due.indexOf(entry);
      if (index >= 0) this.due.splice(index, 1);
    };
  }

  pass(milliseconds: number): void {
    this.time += milliseconds;
    for (const entry of this.due.filter((row) => row.at <= this.time)) {
      this.due.splice(this.due.indexOf(entry), 1);
      entry.run();
    }
  }
}
