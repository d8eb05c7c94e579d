import { describe, expect, it } from 'vitest';
import * as errors from '../../src/messaging/errors.ts';
import { RunFailedForTest } from '../support/test-error.ts';

const samples = [
  new errors.NoRespondersError('a'),
  new errors.RequestTimeoutError('a', 5),
  new errors.DisconnectedError('nats://x'),
  new errors.BusClosedError('nats://x'),
  new errors.ConnectFailedError('nats://x', new Error('refused')),
  new errors.TlsFailedError('tls://x', { code: 'CERT_HAS_EXPIRED', message: 'expired' }),
  new errors.TlsFileError('ca.pem', new Error('no such file')),
  new errors.MalformedMessageError('invalid JSON'),
  new errors.PayloadTooLargeError({ size: 2, limit: 1 }),
  new errors.InvalidTokenError('the run id', 'a b'),
  new errors.PortInUseError({ host: 'h', port: 1 }, new Error('taken')),
  new errors.BrokerListenError({ host: 'h', port: 1 }, new Error('denied')),
  new errors.BrokerOptionError('maxPayload', -1),
];

describe('errors of messaging', () => {
  it('have unique codes, a hint, and details that JSON can carry', () => {
    const codes = samples.map((error) => error.code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const error of samples) {
      expect(error.hint).not.toBe('');
      expect(JSON.parse(JSON.stringify(error.details))).toEqual(error.details);
    }
  });

  it('cross the wire with code, message, hint, details and a status from 400 to 599', () => {
    for (const error of [...samples, new RunFailedForTest()]) {
      const wire = errors.toWireError(error);
      expect(wire).toEqual({
        status: wire.status,
        code: error.code,
        message: error.message,
        hint: error.hint,
        details: error.details,
      });
      expect(wire.status).toBeGreaterThanOrEqual(400);
      expect(wire.status).toBeLessThanOrEqual(599);
      expect(errors.toWireError(new errors.RemoteError(wire))).toEqual(wire);
    }
  });

  it('that are unknown cross as `internal`, without message or stack', () => {
    for (const error of [new Error('secret'), 'secret', null, { code: 'x', message: 'secret' }]) {
      const wire = errors.toWireError(error);
      expect(wire).toMatchObject({ status: 500, code: 'internal' });
      expect(JSON.stringify(wire)).not.toContain('secret');
    }
  });

  it.each([
    ['run.not-found', 404],
    ['run.conflict', 409],
    ['workflow.invalid', 422],
    ['value.unsupported', 422],
    ['payload.too-large', 413],
    ['overloaded', 429],
    ['agent.unavailable', 503],
    ['run.timeout', 408],
    ['bus.timeout', 504],
    ['permission.denied', 403],
    ['approval.denied', 403],
    ['secret.literal', 422],
    ['orchestrator.duplicate', 409],
    ['message.malformed', 400],
    ['nobody.classified-this', 500],
  ])('%s has status %i', (code, status) => {
    expect(errors.statusOf(code)).toBe(status);
  });
});
