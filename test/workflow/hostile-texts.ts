/** Texts that look like expressions now and then, for the fuzz tests. */
import fc from '../support/property.ts';

export const pieces = fc.constantFrom(
  ...(
    'a my-task 2nd loop inputs variables run item file nope . .. ( ) [ ] { } , : ? + - * / % == != < >= && || ! in ' +
    'output status list n map( filter( default( has( glob( join( range( sort( x, "a" \'b\' r" """ \\ 0 1.5 1e9 0x1 1u true null ' +
    '${ } $ fn:uppercase( // é \ud800 __proto__ constructor'
  ).split(' '),
  '\n',
  ' ',
);

export const expressionText = fc.array(pieces, { maxLength: 14 }).map((parts) => parts.join(''));
