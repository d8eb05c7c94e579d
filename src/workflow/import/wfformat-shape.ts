/** The shapes of WfFormat: what is read of each version. All else in a file is left alone. */
import { z } from 'zod';
import { MAX_TASKS } from '../limits.ts';

/** A task of any version: each has some of these fields. */
const named = z.looseObject({
  id: z.union([z.string().min(1), z.number()]).optional(),
  name: z.string().min(1).optional(),
  parents: z.array(z.string()).nullish(),
  children: z.array(z.string()).nullish(),
  inputFiles: z.array(z.string()).nullish(),
  outputFiles: z.array(z.string()).nullish(),
  files: z.array(z.looseObject({ name: z.string(), link: z.string() })).nullish(),
  runtime: z.number().nullish(),
  runtimeInSeconds: z.number().nullish(),
});
/** A task as it is read. */
export type Named = z.infer<typeof named>;

const tasks = z.array(named).min(1).max(MAX_TASKS);
const head = { name: z.string().min(1).optional(), description: z.string().optional() };
/** From 1.5. */
export const inTwoParts = z.looseObject({
  ...head,
  workflow: z.looseObject({
    specification: z.looseObject({ tasks }),
    execution: z
      .looseObject({
        tasks: z.array(
          z.looseObject({ id: z.string().min(1), runtimeInSeconds: z.number().nullish() }),
        ),
      })
      .nullish(),
  }),
});
/** Before 1.5. */
export const inOnePart = (field: 'tasks' | 'jobs') =>
  z.looseObject({ ...head, workflow: z.looseObject({ [field]: tasks }) });
