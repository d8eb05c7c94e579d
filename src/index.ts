/**
 * The public package: write workflows and agents, run them, follow them. `troupe` is everything of
 * `troupe/workflow`, `troupe/agents` and `troupe/client` together; each of these can be imported alone and loads less.
 * What is exported here is promised, and written down in docs/public-api.txt; everything else may change.
 */
export * from './agents/index.ts';
export * from './client/index.ts';
export * from './workflow/index.ts';
