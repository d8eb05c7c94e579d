/**
 * The slash commands of Claude Code that drive Troupe, as Markdown with front matter. They only say which `troupe`
 * command is run and what is told of its output; all of the work is Troupe's.
 *
 * C1 The last line of each file has a hash of everything above it. A file whose hash fits was not changed by
 *    anybody since it was written, so a newer release may replace it.
 * C2 Lines that run while a command is read (`!`) take no argument: nothing a person types is run unseen.
 */
import { createHash } from 'node:crypto';

const MARK = /\n<!-- troupe claude install: ([0-9a-f]{64}) -->\n$/;

/** File name and text of each command. `troupe` is how the command is called in that project. */
export function claudeCommands(troupe: string): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(bodies(troupe)).map(([name, { front, body }]) => [
      `troupe-${name}.md`,
      marked(['---', ...front, '---', '', ...body, ''].join('\n')),
    ]),
  );
}

/** True for a text that `marked` made and nobody changed since. */
export function isUnchanged(text: string): boolean {
  const found = MARK.exec(text.replaceAll('\r\n', '\n'));
  return found !== null && found[1] === hash(text.replaceAll('\r\n', '\n').slice(0, found.index));
}

function marked(text: string): string {
  return `${text}\n<!-- troupe claude install: ${hash(text)} -->\n`;
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

interface CommandText {
  front: string[];
  body: string[];
}

// Length: four texts, one after the other.
function bodies(troupe: string): Record<string, CommandText> {
  const allow = (...commands: string[]): string =>
    `allowed-tools: ${commands.map((command) => `Bash(${troupe} ${command})`).join(', ')}`;
  return {
    run: {
      front: [
        'description: Run a Troupe workflow and report its result',
        'argument-hint: "<workflow or file> [-i name=value ...]"',
        allow('run:*', 'templates:*', 'validate:*', 'replay:*'),
      ],
      body: [
        'Workflows that can be run by name:',
        '',
        `!\`${troupe} templates\``,
        '',
        `Run \`${troupe} run $ARGUMENTS --json\`. Quote values that hold spaces. Inputs are given as \`-i name=value\`.`,
        'Without an argument, ask which workflow is meant and run nothing.',
        '',
        'Progress is on stderr, one JSON document with the result on stdout. Report the status, the output, and the',
        'tasks that failed with their `error.code`. Exit codes: 0 done, 1 the run failed, 2 invalid input, 3 not found,',
        `4 conflict, 124 the run timed out. Where it failed, look at \`${troupe} replay <runId>\` before you explain why.`,
      ],
    },
    status: {
      front: [
        'description: Show the state of one Troupe run, by default the newest',
        'argument-hint: "[run id]"',
        allow('runs show:*', 'runs list:*'),
      ],
      body: [
        'The newest run:',
        '',
        `!\`${troupe} runs list --limit 1\``,
        '',
        `Run \`${troupe} runs show <run>\`, where \`<run>\` is "$ARGUMENTS", or the newest run where that is empty.`,
        'Say which tasks have ended, which run, and what the others wait for. Change nothing.',
      ],
    },
    list: {
      front: [
        'description: List Troupe runs, newest first, and the workflows that can be run',
        'argument-hint: "[--status succeeded|failed|running|...] [--limit N]"',
        allow('runs list:*', 'templates:*'),
      ],
      body: [
        'Workflows that can be run by name:',
        '',
        `!\`${troupe} templates\``,
        '',
        `Run \`${troupe} runs list $ARGUMENTS\` and show its table as it is.`,
      ],
    },
    replay: {
      front: [
        'description: Explain what happened in a Troupe run, from its recorded events',
        'argument-hint: "<run id> [--at version|time] [--task id] [--verify]"',
        allow('replay:*', 'runs list:*'),
      ],
      body: [
        'The newest runs:',
        '',
        `!\`${troupe} runs list --limit 5\``,
        '',
        `Run \`${troupe} replay $ARGUMENTS\`; without an argument, take the newest run. Replaying executes nothing.`,
        'Explain the timeline: what started when, what failed with which code, what was retried, how it ended. Name',
        'the version (the number in front) of each event that you draw a conclusion from.',
      ],
    },
  };
}
