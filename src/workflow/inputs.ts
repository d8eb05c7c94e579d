/** The inputs of a run: held against their declarations before the run exists. */
import type { InputDefinition, WorkflowDefinition } from './definition.ts';
import { Findings, nowhere, type Problem } from './problems.ts';
import { suggest } from './suggest.ts';
import { canonicalJson, type JsonObject, type JsonValue } from './value.ts';

/**
 * The inputs with defaults filled in, or all problems: `input.missing`, `input.type`, `input.enum`,
 * `input.unknown`. An input that is neither given nor required has no value and is left out.
 */
export function resolveInputs(
  definition: Pick<WorkflowDefinition, 'inputs'>,
  given: JsonObject,
): { inputs: JsonObject; problems?: never } | { inputs?: never; problems: Problem[] } {
  const findings = new Findings();
  const inputs: JsonObject = {};
  for (const [name, input] of Object.entries(definition.inputs)) {
    const value = Object.hasOwn(given, name) ? given[name] : input.default;
    if (value !== undefined) {
      checkValue({ name, input, value, path: ['inputs', name] }, findings);
      inputs[name] = value;
    } else if (input.required) {
      findings.add({
        code: 'input.missing',
        message: `the input \`${name}\` is missing`,
        hint: describe(name, input),
        path: ['inputs', name],
      });
    }
  }
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(definition.inputs, name)) continue;
    findings.add({
      code: 'input.unknown',
      message: `there is no input \`${name}\``,
      ...suggest(name, Object.keys(definition.inputs), knownText(definition.inputs), given),
      path: ['inputs', name],
    });
  }
  return findings.hasErrors ? { problems: findings.problems(nowhere, undefined) } : { inputs };
}

/** Checks that defaults and enumerated values fit the type they are declared with. */
export function checkInputDefinitions(
  inputs: Readonly<Record<string, InputDefinition>>,
  findings: Findings,
): void {
  for (const [name, input] of Object.entries(inputs)) {
    const path = ['inputs', name];
    const { enum: allowed, ...withoutEnum } = input;
    for (const [index, value] of (allowed ?? []).entries()) {
      checkValue({ name, input: withoutEnum, value, path: [...path, 'enum', index] }, findings);
    }
    if (input.default !== undefined)
      checkValue({ name, input, value: input.default, path: [...path, 'default'] }, findings);
  }
}

interface Check {
  readonly name: string;
  readonly input: InputDefinition;
  readonly value: JsonValue;
  readonly path: (string | number)[];
}

/** Reports a value that does not fit its declaration. */
export function checkValue({ name, input, value, path }: Check, findings: Findings): void {
  if (!hasType(value, input.type)) {
    findings.add({
      code: 'input.type',
      message: `\`${name}\` must be ${typeText(input.type)}`,
      hint: describe(name, input),
      path,
    });
    return;
  }
  if (input.enum === undefined) return;
  const text = canonicalJson(value);
  if (input.enum.some((allowed) => canonicalJson(allowed) === text)) return;
  findings.add({
    code: 'input.enum',
    message: `\`${name}\` is none of the allowed values`,
    hint: `Allowed: ${input.enum.map((allowed) => JSON.stringify(allowed)).join(', ')}.`,
    path,
  });
}

export function hasType(value: JsonValue, type: InputDefinition['type']): boolean {
  switch (type) {
    case 'any':
      return true;
    case 'integer':
      return Number.isInteger(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    default:
      return typeof value === type;
  }
}

/** `an array`, `a number`. */
export function typeText(type: string): string {
  return /^[aeio]/.test(type) ? `an ${type}` : `a ${type}`;
}

function describe(name: string, input: InputDefinition): string {
  const what = input.description ?? `${typeText(input.type)}`;
  return `Give \`${name}\`: ${what}.`;
}

function knownText(inputs: Readonly<Record<string, InputDefinition>>): string {
  const names = Object.keys(inputs);
  return names.length === 0 ? 'This workflow takes no inputs.' : `Known: ${names.join(', ')}.`;
}
