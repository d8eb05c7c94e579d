/** What an approval may still get wrong about who is asked, and when they are told again. */
import type { ApprovalWait, WorkflowDefinition } from './definition.ts';
import { isObject } from './loose.ts';
import type { Findings, Path } from './problems.ts';
import { suggest } from './suggest.ts';
import type { JsonObject } from './value.ts';

type Groups = WorkflowDefinition['settings']['groups'];

/** `path` is that of the `approval`, `source` what stands there in the file. */
export function checkApprovalPolicy(
  {
    wait,
    source,
    path,
    groups,
  }: { wait: ApprovalWait; source: JsonObject; path: Path; groups: Groups },
  findings: Findings,
): void {
  if (groups !== undefined) {
    checkGroup({ wait, group: wait.group, path: [...path, 'group'], groups }, findings);
    checkGroup({ wait, group: wait.escalateTo, path: [...path, 'escalate_to'], groups }, findings);
  }
  checkReminders({ wait, source, path }, findings);
}

function checkGroup(
  {
    wait,
    group,
    path,
    groups,
  }: { wait: ApprovalWait; group: string | undefined; path: Path; groups: NonNullable<Groups> },
  findings: Findings,
): void {
  if (group === undefined) return;
  const members = Object.hasOwn(groups, group) ? groups[group] : undefined;
  if (members === undefined) {
    findings.add({
      code: 'workflow.unknown-group',
      message: `\`settings.groups\` does not say who belongs to \`${group}\``,
      ...suggest(
        group,
        Object.keys(groups),
        `Add \`${group}: [name, ...]\` to \`settings.groups\`.`,
      ),
      path,
    });
  } else if (wait.quorum > members.length) {
    const people = members.length === 1 ? '1 person' : `${members.length} people`;
    findings.add({
      code: 'workflow.quorum',
      message: `${wait.quorum} must approve, and \`${group}\` has ${people}`,
      hint: 'Lower `quorum`, or add people to the group.',
      path,
    });
  }
}

/** A reminder that never comes is a mistake, also where only the first does. */
function checkReminders(
  { wait, source, path }: { wait: ApprovalWait; source: JsonObject; path: Path },
  findings: Findings,
): void {
  const { remind, timeoutMs, onTimeout } = wait;
  if (remind === undefined) return;
  const at = [...path, 'remind'];
  const isLong = isObject(source.remind);
  if (remind.everyMs === 0) {
    findings.add({
      code: 'workflow.remind-never',
      message: 'a reminder needs some time between it and the next one',
      hint: 'Write a time such as 4h.',
      path: isLong ? [...at, 'every'] : at,
    });
    return;
  }
  if (timeoutMs === undefined || onTimeout === 'wait' || remind.afterMs < timeoutMs) return;
  const hasAfter = isObject(source.remind) && source.remind.after !== undefined;
  findings.add({
    code: 'workflow.remind-never',
    message: `the first reminder would come after ${remind.afterMs / 1000} s, and the approval ends after ${timeoutMs / 1000} s`,
    hint: 'Remind earlier, or give the approval more time.',
    path: isLong ? [...at, hasAfter ? 'after' : 'every'] : at,
  });
}
