import { describe, expect, it } from 'vitest';
import { type AgentOffer, chooseByCapability } from '../../src/policies/choose-agent.ts';
import fc from '../support/property.ts';

const offer = (agent: string, rest: Partial<AgentOffer> = {}): AgentOffer => ({
  agent,
  capabilities: ['review'],
  capacity: 4,
  inHand: 0,
  ...rest,
});

describe('an agent by capability', () => {
  it('is the one with the largest free share, and by name among equals', () => {
    const choice = chooseByCapability('review', [
      offer('b', { inHand: 1 }),
      offer('d'),
      offer('c'),
      offer('a', { capabilities: [] }),
    ]);
    expect(choice).toMatchObject({ agent: 'c', rule: 'capability review, most free capacity' });
    expect(choice?.candidates[0]).toEqual({ agent: 'c', score: 1 });
  });

  it('records at most five candidates, the best ones', () => {
    const offers = Array.from({ length: 9 }, (_, index) =>
      offer(`a${index}`, { capacity: 9, inHand: index }),
    );
    const candidates = chooseByCapability('review', offers)?.candidates ?? [];
    expect(candidates.map(({ agent }) => agent)).toEqual(['a0', 'a1', 'a2', 'a3', 'a4']);
  });

  it('is nobody where nobody has the capability; no capacity scores 0', () => {
    expect(chooseByCapability('paint', [offer('a')])).toBeUndefined();
    expect(chooseByCapability('review', [offer('a', { capacity: 0 })])?.candidates[0]?.score).toBe(
      0,
    );
  });

  it('does not depend on the order of the offers', () => {
    const offers = fc.uniqueArray(
      fc.record({
        agent: fc.stringMatching(/^[a-z]{1,3}$/),
        capabilities: fc.constantFrom(['review'], ['other']),
        capacity: fc.integer({ min: 0, max: 8 }),
        inHand: fc.integer({ min: 0, max: 9 }),
      }),
      { selector: ({ agent }) => agent, maxLength: 8 },
    );
    fc.assert(
      fc.property(offers, (list) => {
        expect(chooseByCapability('review', list.toReversed())).toEqual(
          chooseByCapability('review', list),
        );
      }),
    );
  });
});
