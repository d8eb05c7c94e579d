/** True for values that are the same JSON; the order of keys does not count, and a field that is undefined is none. */
export function isSameValue(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (left === null || right === null || Array.isArray(left) !== Array.isArray(right)) return false;
  if (Array.isArray(left) && Array.isArray(right))
    return left.length === right.length && left.every((item, at) => isSameValue(item, right[at]));
  return isSameObject(left as Readonly<Record<string, unknown>>, right as typeof left & object);
}

function isSameObject(left: Readonly<Record<string, unknown>>, right: object): boolean {
  const other = right as Readonly<Record<string, unknown>>;
  let count = 0;
  for (const key of Object.keys(left)) {
    if (left[key] === undefined) continue;
    count += 1;
    if (!Object.hasOwn(other, key) || !isSameValue(left[key], other[key])) return false;
  }
  return Object.keys(other).filter((key) => other[key] !== undefined).length === count;
}
