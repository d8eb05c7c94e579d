/** What the YAML parser says, in the words of somebody who writes a workflow. */
import type { YAMLError } from 'yaml';

interface Explanation {
  readonly message?: string;
  readonly hint: string;
}

const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  BAD_DQ_ESCAPE: {
    hint: 'Double the backslash, or use single quotes, where it stands for itself.',
  },
  BAD_INDENT: {
    hint: 'Keys of one map, and items of one list, begin in the same column; `{` and `[` are closed.',
  },
  BAD_SCALAR_START: { hint: 'Put the text in quotes.' },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'a second `:` stands on one line',
    hint: 'Put a text that holds `: ` in quotes, or check the indentation.',
  },
  MISSING_CHAR: { hint: 'Close the bracket or the quote, or check the indentation.' },
  MULTILINE_IMPLICIT_KEY: {
    message: 'a key and its value cannot be told apart here',
    hint: 'Write `key: value`, with a space behind the colon.',
  },
  MULTIPLE_DOCS: {
    message: 'the file holds more than one document',
    hint: 'Remove the `---`, and give each workflow a file of its own.',
  },
  TAB_AS_INDENT: {
    message: 'a tab is used for indentation',
    hint: 'Indent with spaces.',
  },
  TAG_RESOLVE_FAILED: { hint: 'Remove the tag: types are those of JSON.' },
  UNEXPECTED_TOKEN: {
    hint: 'Check the indentation and the quotes of this line and the one above.',
  },
};

/** The finding for a mistake, without its place. */
export function explainSyntax({ code, message }: YAMLError): {
  code: string;
  message: string;
  hint: string;
} {
  const explanation = EXPLANATIONS[code];
  const isOpen = /^Flow (map|sequence)/.exec(message);
  const said = isOpen
    ? `a \`${isOpen[1] === 'map' ? '{' : '['}\` is not closed, or its lines are not indented`
    : `${message.charAt(0).toLowerCase()}${message.slice(1)}`;
  return {
    code: 'workflow.syntax',
    message: explanation?.message ?? said,
    hint: explanation?.hint ?? 'The text is neither YAML nor JSON at this place.',
  };
}
