import type { JsonValue } from '../../src/workflow/value.ts';
import fc from '../support/property.ts';

const text = fc.string({ unit: 'binary' }); // valid Unicode, without lone surrogates
const key = fc
  .oneof(
    text,
    fc.constantFrom(
      'constructor',
      'toJSON',
      'hasOwnProperty',
      'length',
      '0',
      '-1',
      '$blob',
      '__keys__',
    ),
  )
  .filter((name) => name !== '__proto__');
const number = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0 || 0), // JSON has no -0
  fc.constantFrom(
    1e21,
    2 ** 53 - 1,
    -(2 ** 53 - 1),
    2 ** 32,
    2 ** 31,
    -(2 ** 31) - 1,
    0.1,
    5e-324,
    1.7976931348623157e308,
  ),
);

/** Any value that may stand in an event. */
export const jsonValue = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(fc.constant(null), fc.boolean(), number, text) as fc.Arbitrary<JsonValue>,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value;
