/**
 * Which subscriptions match a subject: a tree of tokens, literal subjects and patterns alike.
 *
 * I1 A subject is matched token by token: `*` is one token, `>` is one or more tokens at the end.
 * I2 Queue members are grouped by queue name over all matching patterns, as nats-server does.
 * I3 A change costs the length of its subject, never the number of subscriptions; nothing is computed ahead of a match.
 * I4 The tree holds no empty nodes.
 *
 * There is no cache of matches by subject: most subjects name a run or an inbox and are used once or twice, and a
 * walk costs little more than a look-up of the whole subject.
 */

/** What the index needs to know of a subscription. */
export interface Indexed {
  readonly subject: string;
  readonly queue: string;
}

export interface Match<S> {
  readonly plain: readonly S[];
  /** One array of members a queue name. */
  readonly groups: readonly (readonly S[])[];
}

const EMPTY: Match<never> = { plain: [], groups: [] };
const DOT = '.';

/** True for a subject that may be published to: tokens without blanks, none empty, no wildcard token. */
export function isLiteralSubject(subject: string): boolean {
  return isValidPattern(subject) && !/(^|\.)[*>](\.|$)/.test(subject);
}

/** True for a subject that may be subscribed to: no empty token, `>` only as the last. */
export function isValidPattern(subject: string): boolean {
  return !hasEmptyToken(subject) && !/(^|\.)>\./.test(subject);
}

function hasEmptyToken(subject: string): boolean {
  return (
    subject === '' || subject.startsWith(DOT) || subject.endsWith(DOT) || subject.includes('..')
  );
}

/** All subscriptions to one pattern. */
class Leaf<S extends Indexed> {
  readonly members = new Set<S>();
  /** What a subject gets that only this pattern matches; made when it is needed. */
  #match: Match<S> | undefined;

  get match(): Match<S> {
    this.#match ??= groupByQueue([this.members]);
    return this.#match;
  }

  changed(): void {
    this.#match = undefined;
  }
}

class Node<S extends Indexed> {
  readonly token: string;
  children: Map<string, Node<S>> | undefined;
  /** The child that was asked for last: it needs no hash of the token. */
  recent: Node<S> | undefined;
  star: Node<S> | undefined;
  /** Subscriptions that end at this node. */
  here: Leaf<S> | undefined;
  /** Subscriptions that end with `>` below this node. */
  tail: Leaf<S> | undefined;

  constructor(token: string) {
    this.token = token;
  }

  get isEmpty(): boolean {
    return (
      this.here === undefined &&
      this.tail === undefined &&
      this.star === undefined &&
      this.children === undefined
    );
  }

  /** The child for the token at `from` to `to` of a subject. */
  child(subject: string, from: number, to: number): Node<S> | undefined {
    const { recent } = this;
    if (
      recent !== undefined &&
      recent.token.length === to - from &&
      subject.startsWith(recent.token, from)
    )
      return recent;
    const child = this.children?.get(subject.slice(from, to));
    if (child !== undefined) this.recent = child;
    return child;
  }

  grow(token: string): Node<S> {
    if (token === '*') {
      this.star ??= new Node(token);
      return this.star;
    }
    this.children ??= new Map();
    let child = this.children.get(token);
    if (child === undefined) {
      child = new Node(token);
      this.children.set(token, child);
    }
    return child;
  }

  drop(token: string): void {
    if (token === '*') this.star = undefined;
    else {
      this.children?.delete(token);
      if (this.children?.size === 0) this.children = undefined;
      this.recent = undefined;
    }
  }
}

/** Subscriptions by subject. `add` expects a valid pattern. */
export class SubjectIndex<S extends Indexed> {
  readonly #root = new Node<S>('');
  /** What is published to one subject often comes in a row. */
  #lastSubject = '';
  #lastMatch: Match<S> = EMPTY;

  add(subscription: S): void {
    let node = this.#root;
    const tokens = subscription.subject.split(DOT);
    const isOpen = tokens.at(-1) === '>';
    if (isOpen) tokens.pop();
    for (const token of tokens) node = node.grow(token);
    const leaf = (isOpen ? node.tail : node.here) ?? new Leaf();
    if (isOpen) node.tail = leaf;
    else node.here = leaf;
    leaf.members.add(subscription);
    this.#changed(leaf);
  }

  remove(subscription: S): void {
    const tokens = subscription.subject.split(DOT);
    const isOpen = tokens.at(-1) === '>';
    if (isOpen) tokens.pop();
    const path: Node<S>[] = [this.#root];
    for (const token of tokens) {
      const node = path.at(-1) as Node<S>;
      const next = token === '*' ? node.star : node.children?.get(token);
      if (next === undefined) return;
      path.push(next);
    }
    const end = path.at(-1) as Node<S>;
    const leaf = isOpen ? end.tail : end.here;
    if (leaf === undefined) return;
    leaf.members.delete(subscription);
    this.#changed(leaf);
    if (leaf.members.size > 0) return;
    if (isOpen) end.tail = undefined;
    else end.here = undefined;
    for (let depth = tokens.length; depth > 0 && path[depth]?.isEmpty; depth -= 1)
      path[depth - 1]?.drop(tokens[depth - 1] as string);
  }

  /** Everything subscribed to a subject. The result is shared: read it, do not keep it. */
  match(subject: string): Match<S> {
    if (subject === this.#lastSubject) return this.#lastMatch;
    const leaves: Leaf<S>[] = [];
    collect(this.#root, subject, 0, leaves);
    let match: Match<S> = EMPTY;
    // What `>` stands for was not walked. Asked once: a long subject can have a thousand such patterns.
    if (leaves.length > 0 && hasEmptyToken(subject)) leaves.length = 0;
    if (leaves.length === 1) match = (leaves[0] as Leaf<S>).match;
    else if (leaves.length > 1) match = groupByQueue(leaves.map((leaf) => leaf.members));
    this.#lastSubject = subject;
    this.#lastMatch = match;
    return match;
  }

  #changed(leaf: Leaf<S>): void {
    leaf.changed();
    this.#lastSubject = '';
    this.#lastMatch = EMPTY;
  }
}

/** Adds the leaves that match the tokens of a subject from `from` on, as long as they are not empty. */
function collect<S extends Indexed>(
  node: Node<S>,
  subject: string,
  from: number,
  leaves: Leaf<S>[],
): void {
  if (node.tail !== undefined) leaves.push(node.tail);
  const dot = subject.indexOf(DOT, from);
  const to = dot === -1 ? subject.length : dot;
  if (to === from) return;
  const { star } = node;
  if (dot === -1) {
    const last = node.child(subject, from, to);
    if (last?.here !== undefined) leaves.push(last.here);
    if (star?.here !== undefined) leaves.push(star.here);
    return;
  }
  if (star !== undefined) collect(star, subject, dot + 1, leaves);
  const child = node.child(subject, from, to);
  if (child !== undefined) collect(child, subject, dot + 1, leaves);
}

function groupByQueue<S extends Indexed>(sets: readonly ReadonlySet<S>[]): Match<S> {
  const plain: S[] = [];
  let groups: Map<string, S[]> | undefined;
  for (const members of sets) {
    for (const subscription of members) {
      const { queue } = subscription;
      if (queue === '') {
        plain.push(subscription);
        continue;
      }
      groups ??= new Map();
      const group = groups.get(queue);
      if (group === undefined) groups.set(queue, [subscription]);
      else group.push(subscription);
    }
  }
  return { plain, groups: groups === undefined ? [] : [...groups.values()] };
}
