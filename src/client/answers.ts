/** What a person says to an approval, as a command to its run. */
import type { CommandInput } from './client.ts';

/** Who answers an approval, and what they say; the same `id` says it once. */
export interface Said {
  by: string;
  comment?: string;
  id?: string;
}

type What =
  | { type: 'approve' | 'reject'; task: string }
  | { type: 'delegate'; task: string; to: string };

/** The command, and apart from it how it is asked. */
export function answerOf<Asking extends object>(
  what: What,
  { by, comment, id, ...asking }: Said & Asking,
): [CommandInput, Omit<Said & Asking, keyof Said>] {
  const said = {
    ...(comment === undefined ? {} : { comment }),
    ...(id === undefined ? {} : { id }),
  };
  return [{ ...what, by, ...said }, asking];
}
