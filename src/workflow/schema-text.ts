import { stringify } from 'yaml';
import { workflowJsonSchema } from './schema.ts';

/** The JSON Schema of a workflow file as YAML text: `workflow.schema.yaml`. */
export function workflowSchemaYaml(): string {
  return stringify(workflowJsonSchema(), { lineWidth: 100, aliasDuplicateObjects: false });
}
