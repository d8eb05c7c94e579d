/** The agents every worker has. Their parsers and walkers are loaded by the first attempt that needs them. */
import type { Agent } from '../agent.ts';
import { codebaseAnalyzer } from './codebase-analyzer/index.ts';
import { codebaseLocator } from './codebase-locator/index.ts';
import { echo } from './echo.ts';
import { fail } from './fail.ts';
import { reportWriter } from './report-writer/index.ts';
import { shell } from './shell.ts';
import { sleep } from './sleep.ts';

/** All built-in agents, in a fixed order. Cheap to call: nothing heavy is loaded. */
export function builtinAgents(): Agent[] {
  return [echo, sleep, fail, shell, codebaseLocator, codebaseAnalyzer, reportWriter];
}
