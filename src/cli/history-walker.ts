/**
 * A place in a run's history that moves forwards and backwards. Events are folded once, forwards, by the fold that
 * recovery and replay use; what each one changed is kept, and every other movement applies those changes to the view.
 *
 * W1 The view is that of the events up to `version`; `version` is from 1 to `last`.
 * W2 An event that cannot be folded ends the folding: what is behind it is shown without a state.
 * W3 The log is read while the walker is opened and not afterwards, so its lock need not be held.
 */
import { RunFolder } from '../actors/host/load.ts';
import type { Envelope } from '../events/envelope.ts';
import { invariant } from '../machines/errors.ts';
import { reasonOf } from '../workflow/errors.ts';
import { commitsOf } from './history-commits.ts';
import type { RunHistory } from './reader.ts';
import {
  applyChanges,
  type Change,
  changesAfter,
  changesOfFirst,
  firstView,
  type StateView,
} from './render/state-view.ts';

export class HistoryWalker {
  readonly envelopes: readonly Envelope[];
  /** Where folding ended before the end of the history, and why. */
  broken: { version: number; reason: string } | undefined;
  #version = 1;
  /** Of the last event folded. */
  #folded = 1;
  readonly #folder: RunFolder;
  readonly #view: StateView;
  /** By version, from 1. */
  readonly #changes: (readonly Change[])[];

  private constructor(envelopes: readonly Envelope[], folder: RunFolder) {
    const { run } = folder;
    invariant(run !== undefined, 'the first event made no run');
    this.envelopes = envelopes;
    this.#folder = folder;
    this.#view = firstView(run, folder.quarantine?.code);
    this.#changes = [[], changesOfFirst(this.#view)];
    run.touched.clear();
  }

  /** Stands at the first event. Throws what folding that one throws. */
  static async open({ log, envelopes }: RunHistory, runId: string): Promise<HistoryWalker> {
    const folder = new RunFolder(log, runId, {});
    for (const commit of commitsOf(envelopes.slice(0, 1))) await folder.take(commit);
    return new HistoryWalker(envelopes, folder);
  }

  get version(): number {
    return this.#version;
  }

  get last(): number {
    return this.envelopes.length;
  }

  get envelope(): Envelope {
    const envelope = this.envelopes[this.#version - 1];
    invariant(envelope !== undefined, 'a version outside the history');
    return envelope;
  }

  /** The state at `version`; read-only. */
  get view(): StateView {
    return this.#view;
  }

  /** What the event at `version` changed. */
  get changes(): readonly Change[] {
    return this.#changes[this.#version] ?? [];
  }

  /** Moves to a version; one outside the history is the nearest end. */
  async goTo(version: number): Promise<void> {
    const target = Math.max(1, Math.min(version, this.last));
    this.#slide(Math.min(target, this.#folded));
    while (this.#folded < target && this.broken === undefined) await this.#fold();
    this.#version = target;
  }

  /** The next version after `version` (or before it) whose event is looked for; undefined where there is none. */
  find(
    isWanted: (envelope: Envelope) => boolean,
    direction: 'forwards' | 'backwards',
  ): number | undefined {
    const step = direction === 'forwards' ? 1 : -1;
    for (
      let version = this.#version + step;
      version >= 1 && version <= this.last;
      version += step
    ) {
      const envelope = this.envelopes[version - 1];
      if (envelope !== undefined && isWanted(envelope)) return version;
    }
    return undefined;
  }

  /** Over events that were folded before. */
  #slide(target: number): void {
    let at = Math.min(this.#version, this.#folded);
    for (; at < target; at += 1) applyChanges(this.#view, this.#changes[at + 1] ?? [], 'forwards');
    for (; at > target; at -= 1) applyChanges(this.#view, this.#changes[at] ?? [], 'backwards');
  }

  async #fold(): Promise<void> {
    const next = this.#folded + 1;
    const envelope = this.envelopes[next - 1];
    const { run } = this.#folder;
    invariant(envelope !== undefined && run !== undefined, 'a version outside the history');
    try {
      for (const commit of commitsOf([envelope])) await this.#folder.take(commit);
    } catch (error) {
      this.broken = { version: next, reason: reasonOf(error) };
      return;
    }
    this.#changes[next] = changesAfter(this.#view, run, this.#folder.quarantine?.code);
    this.#folded = next;
  }
}
