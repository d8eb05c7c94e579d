/** Who is called, read from the place of the called name. */
import type { TreeNode } from './flat-tree.ts';

/** A receiver longer than this is an expression, not a name. */
const MAX_RECEIVER = 60;
const SELF = /^(this|self|cls|\$this|static|super|Self)$/;

/** True for the words with which a method names its own object or class. */
export function isSelf(receiver: string): boolean {
  return SELF.test(receiver);
}

/**
 * The name and, for a call on something, on what: `this` and `super` as written. `object` and `member` are the fields of
 * a member access in the language; a scoped name (`a::b`) has `path` or `scope` and `name`.
 */
export function calledBy(
  callee: TreeNode | null,
  fields: { object: string; member: string },
): { name: string; receiver?: string } | undefined {
  if (callee === null) return undefined;
  const member = callee.field(fields.member) ?? callee.field('name');
  const object = callee.field(fields.object) ?? callee.field('path') ?? callee.field('scope');
  if (member !== null && object !== null) {
    const { tree, index } = object;
    const isName = tree.end(index) - tree.start(index) <= MAX_RECEIVER;
    return { name: member.text(), receiver: isName ? object.text() : '(expression)' };
  }
  if (/identifier$|^name$|^constant$/.test(callee.kind())) return { name: callee.text() };
  return undefined;
}
