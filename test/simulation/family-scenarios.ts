/** Compensations, hooks and fallbacks in runs that start other runs. */
import type { JsonObject } from '../../src/workflow/value.ts';
import type { Scenario } from './scenarios.ts';
import { after, agent, failing } from './simulated-tasks.ts';

const undo = (gives: string, rest: JsonObject = {}): JsonObject => ({
  compensate: { agent: 'echo', parameters: { gives, ...rest } },
});
const saga = { settings: { on_failure: 'compensate' } };

/** Books, fails, and takes back what it booked. */
const trip: JsonObject = {
  name: 'trip',
  ...saga,
  inputs: { to: { type: 'string' } },
  tasks: [
    agent('seat', { gives: '${inputs.to}' }, undo('no seat')),
    // The first agent fails, and the next one does it.
    agent(
      'room',
      { fails: 1, gives: 'room', retryable: false },
      { ...after('seat'), fallback: ['echo'], ...undo('no room') },
    ),
    agent('pay', { ...failing, code: 'card.refused' }, after('room')),
  ],
  hooks: { on_failure: [agent('tell', { gives: '${run.error.code}' })] },
};

/** Undoes what a task of its parent did. */
const refund: JsonObject = {
  name: 'refund',
  inputs: { amount: { type: 'integer' } },
  tasks: [agent('give', { gives: '${inputs.amount}' })],
  outputs: { given: '${give.output}' },
};

export const familyScenarios: Scenario[] = [
  {
    name: 'a child compensates and then its parent',
    workflow: {
      ...saga,
      tasks: [
        agent(
          'charge',
          { gives: 70 },
          { compensate: { workflow: 'refund', parameters: { amount: '${charge.output}' } } },
        ),
        {
          id: 'greet',
          workflow: 'hello',
          dependencies: ['charge'],
          ...undo('${greet.output.said} taken back'),
        },
        { id: 'book', workflow: 'trip', dependencies: ['greet'], parameters: { to: 'Rome' } },
      ],
      hooks: {
        on_failure: [{ id: 'report', workflow: 'hello' }],
        on_complete: [agent('end', { gives: '${book.error.code}' })],
      },
      workflows: {
        trip,
        refund,
        hello: {
          name: 'hello',
          tasks: [agent('say', { gives: 'hello' })],
          outputs: { said: '${say.output}' },
        },
      },
    },
  },
  {
    name: 'parent is canceled while its child compensates',
    workflow: {
      ...saga,
      tasks: [{ id: 'book', workflow: 'slow' }, agent('never', {}, after('book'))],
      workflows: {
        slow: {
          name: 'slow',
          ...saga,
          tasks: [
            agent('seat', { gives: 1 }, undo('no seat', { ms: 20_000 })),
            agent('pay', failing, after('seat')),
          ],
        },
      },
    },
    commands: [{ atVersion: 4, afterMs: 8_000, command: { type: 'cancel', reason: 'enough' } }],
  },
  {
    name: 'a compensation by a workflow that fails at first',
    workflow: {
      ...saga,
      tasks: [
        agent(
          'charge',
          { gives: 70 },
          {
            compensate: {
              workflow: 'poor',
              parameters: { amount: '${charge.output}' },
              retry: { max_attempts: 2, delay: 0.1 },
            },
            fallback: ['echo'],
          },
        ),
        agent('bad', failing, after('charge')),
      ],
      workflows: {
        poor: {
          ...refund,
          name: 'poor',
          tasks: [
            agent(
              'give',
              { fails: 1, gives: '${inputs.amount}' },
              { retry: { max_attempts: 2, delay: 0.1 } },
            ),
          ],
        },
      },
    },
  },
];
