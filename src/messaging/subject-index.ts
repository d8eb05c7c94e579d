/**
 * Which subscriptions match a subject. Literal subscriptions sit in a map, patterns in a tree of tokens;
 * matches are cached by subject.
 *
 * I1 A subject is matched token by token: `*` is one token, `>` is one or more tokens at the end.
 * I2 Queue members are grouped by queue name over all matching patterns, as nats-server does.
 * I3 A cached match is never older than the last change that concerns it.
 * I4 The cache holds at most two generations of `CACHE_GENERATION` subjects; the tree holds no empty nodes.
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

interface Node<S> {
  children: Map<string, Node<S>>;
  star: Node<S> | undefined;
  /** Subscriptions that end with `>` below this node. */
  tail: Set<S>;
  /** Subscriptions that end at this node. */
  here: Set<S>;
}

const CACHE_GENERATION = 4096;
const EMPTY: Match<never> = { plain: [], groups: [] };

/** True for a subject that may be published to: tokens without blanks, none empty, no wildcard token. */
export function isLiteralSubject(subject: string): boolean {
  return isValidPattern(subject) && !isPattern(subject);
}

/** True for a subject that may be subscribed to: no empty token, `>` only as the last. */
export function isValidPattern(subject: string): boolean {
  if (subject.length === 0) return false;
  const tokens = subject.split('.');
  return tokens.every(
    (token, index) => token !== '' && (token !== '>' || index === tokens.length - 1),
  );
}

function isPattern(subject: string): boolean {
  return subject.split('.').some((token) => token === '*' || token === '>');
}

/** Subscriptions by subject. `add` expects a valid pattern. */
export class SubjectIndex<S extends Indexed> {
  readonly #literals = new Map<string, Set<S>>();
  readonly #root: Node<S> = emptyNode();
  #young = new Map<string, Match<S>>();
  #old = new Map<string, Match<S>>();

  add(subscription: S): void {
    const { subject } = subscription;
    if (!isPattern(subject)) {
      const present = this.#literals.get(subject);
      if (present === undefined) this.#literals.set(subject, new Set([subscription]));
      else present.add(subscription);
      this.#forget(subject);
      return;
    }
    addToTree(this.#root, subscription);
    this.#forgetAll();
  }

  remove(subscription: S): void {
    const { subject } = subscription;
    if (!isPattern(subject)) {
      const present = this.#literals.get(subject);
      present?.delete(subscription);
      if (present?.size === 0) this.#literals.delete(subject);
      this.#forget(subject);
      return;
    }
    removeFromTree({ node: this.#root, subscription, tokens: subject.split('.'), depth: 0 });
    this.#forgetAll();
  }

  /** Everything subscribed to a subject. The result is shared: read it, do not keep it. */
  match(subject: string): Match<S> {
    const young = this.#young.get(subject);
    if (young !== undefined) return young;
    const match = this.#old.get(subject) ?? this.#find(subject);
    if (this.#young.size >= CACHE_GENERATION) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(subject, match);
    return match;
  }

  #find(subject: string): Match<S> {
    const tokens = subject.split('.');
    if (tokens.includes('')) return EMPTY;
    const found: S[] = [];
    const literals = this.#literals.get(subject);
    if (literals !== undefined) for (const subscription of literals) found.push(subscription);
    collect({ node: this.#root, tokens, depth: 0, found });
    return found.length === 0 ? EMPTY : groupByQueue(found);
  }

  #forget(subject: string): void {
    this.#young.delete(subject);
    this.#old.delete(subject);
  }

  #forgetAll(): void {
    if (this.#young.size > 0) this.#young = new Map();
    if (this.#old.size > 0) this.#old = new Map();
  }
}

function emptyNode<S>(): Node<S> {
  return { children: new Map(), star: undefined, tail: new Set(), here: new Set() };
}

function addToTree<S extends Indexed>(root: Node<S>, subscription: S): void {
  let node = root;
  for (const token of subscription.subject.split('.')) {
    if (token === '>') {
      node.tail.add(subscription);
      return;
    }
    let next = token === '*' ? node.star : node.children.get(token);
    if (next === undefined) {
      next = emptyNode();
      if (token === '*') node.star = next;
      else node.children.set(token, next);
    }
    node = next;
  }
  node.here.add(subscription);
}

/** Returns true when the node is empty afterwards, so that its parent drops it. */
function removeFromTree<S>(at: {
  node: Node<S>;
  subscription: S;
  tokens: string[];
  depth: number;
}): boolean {
  const { node, subscription, tokens, depth } = at;
  const token = tokens[depth];
  if (token === undefined) node.here.delete(subscription);
  else if (token === '>') node.tail.delete(subscription);
  else {
    const next = token === '*' ? node.star : node.children.get(token);
    if (
      next !== undefined &&
      removeFromTree({ node: next, subscription, tokens, depth: depth + 1 })
    ) {
      if (token === '*') node.star = undefined;
      else node.children.delete(token);
    }
  }
  return (
    node.children.size === 0 &&
    node.star === undefined &&
    node.tail.size === 0 &&
    node.here.size === 0
  );
}

function collect<S>(at: { node: Node<S>; tokens: string[]; depth: number; found: S[] }): void {
  const { node, tokens, depth, found } = at;
  const token = tokens[depth];
  if (token === undefined) {
    for (const subscription of node.here) found.push(subscription);
    return;
  }
  for (const subscription of node.tail) found.push(subscription);
  const child = node.children.get(token);
  if (child !== undefined) collect({ node: child, tokens, depth: depth + 1, found });
  if (node.star !== undefined) collect({ node: node.star, tokens, depth: depth + 1, found });
}

function groupByQueue<S extends Indexed>(found: S[]): Match<S> {
  const plain: S[] = [];
  const groups = new Map<string, S[]>();
  for (const subscription of found) {
    if (subscription.queue === '') plain.push(subscription);
    else {
      const members = groups.get(subscription.queue);
      if (members === undefined) groups.set(subscription.queue, [subscription]);
      else members.push(subscription);
    }
  }
  return { plain, groups: [...groups.values()] };
}
