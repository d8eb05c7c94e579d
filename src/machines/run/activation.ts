/**
 * Activation ids (contracts.md, Activations): `<taskId>[@<round>][~<index>[~<index>...]][!undo]`.
 */

export interface ActivationName {
  taskId: string;
  round: number;
  /** One number a level of `foreach`, from 0. */
  indexes: number[];
  undo: boolean;
}

const PATTERN = /^([A-Za-z0-9_-]+)(?:@(\d+))?((?:~\d+)*)(!undo)?$/;

/** The parts of an activation id; undefined for text that is none. */
export function parseActivation(id: string): ActivationName | undefined {
  const match = PATTERN.exec(id);
  if (match === null) return undefined;
  const [, taskId, round, indexes, undo] = match;
  return {
    taskId: taskId ?? '',
    round: round === undefined ? 1 : Number(round),
    indexes: (indexes ?? '').split('~').slice(1).map(Number),
    undo: undo !== undefined,
  };
}

/** The round that an activation is of, or that its instance belongs to. */
export function roundOf(id: string): number {
  return parseActivation(id)?.round ?? 1;
}

/** The id of instance `index` of a `foreach` activation. */
export function instanceId(parent: string, index: number): string {
  return `${parent}~${index}`;
}

/** The id of the compensation of an activation. */
export function undoId(activation: string): string {
  return `${activation}!undo`;
}

/** True for the id of a compensation. */
export function isUndo(activation: string): boolean {
  return activation.endsWith('!undo');
}

/** The activation that a compensation undoes. */
export function undoneId(undo: string): string {
  return undo.slice(0, -'!undo'.length);
}

/** The id of a round of a task; the first has no number. */
export function roundId(taskId: string, round: number): string {
  return round <= 1 ? taskId : `${taskId}@${round}`;
}
