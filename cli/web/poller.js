// Asks again and again, but never so often that asking becomes a load: a program with 100,000 tasks is looked at less often.

export class Poller {
  /** @param every ms between two asks at least; @param share of the time, at most, that is spent asking. */
  constructor(work, { every, share = 0.08, longest = 20_000 }) {
    Object.assign(this, { work, every, share, longest, timer: null, running: null, wanted: false });
  }

  start() {
    if (this.wanted) return;
    this.wanted = true;
    this.now();
  }

  stop() {
    this.wanted = false;
    clearTimeout(this.timer);
    this.timer = null;
  }

  /** Asks at once, unless it is asking: then its end is waited for. */
  now() {
    clearTimeout(this.timer);
    this.running ??= this.turn().finally(() => { this.running = null; });
    return this.running;
  }

  async turn() {
    const began = performance.now();
    try {
      await this.work();
    } finally {
      if (this.wanted) {
        const took = performance.now() - began;
        this.interval = Math.min(this.longest, Math.max(this.every, took / this.share));
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.now(), this.interval);
      }
    }
  }
}
