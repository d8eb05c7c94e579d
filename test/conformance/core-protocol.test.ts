import { describe } from 'vitest';
import { testCoreProtocol } from './core-protocol.ts';
import {
  bareDialogues,
  limitDialogues,
  passwordDialogues,
  quietDialogues,
  refusals,
  tokenDialogues,
} from './dialogues.ts';
import { testLifecycle } from './lifecycle.ts';
import { testDialogues } from './play.ts';
import { startEmbedded, startReal } from './tested-server.ts';

const greeting =
  'CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\n';

describe.each([
  ['embedded broker', startEmbedded],
  ['nats-server', startReal],
] as const)('%s', (_name, start) => {
  testCoreProtocol('core protocol', start);
  testDialogues('hears', start, { greeting, dialogues: quietDialogues });
  testDialogues('hears without a CONNECT before', start, { dialogues: bareDialogues });
  testDialogues('refuses', start, { greeting, dialogues: refusals });
  testDialogues('asks for a password', start, {
    options: { auth: { user: 'u', pass: 'p' } },
    dialogues: passwordDialogues,
  });
  testDialogues('asks for a token', start, {
    options: { auth: { token: 't' } },
    dialogues: tokenDialogues,
  });
  testDialogues('keeps its limits', start, {
    options: { maxPayload: 100, maxControlLine: 256, maxSubscriptions: 3 },
    greeting,
    dialogues: limitDialogues,
  });
  testLifecycle(start);
});
