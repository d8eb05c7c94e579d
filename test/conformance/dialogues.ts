/**
 * What clients say, and every byte that they hear back: played against the embedded broker and nats-server.
 * `|` stands for CRLF; `<end>` for the end of the connection. What is not in a dialogue must not be heard.
 * Size: one table.
 */

export type Dialogue = readonly [title: string, says: string, hears: string];

const HEADER = 'NATS/1.0|A: 1||';
const NO_RESPONDERS = 'HMSG i.1 1 16 16|NATS/1.0 503||';

/** After CONNECT with `verbose` and `pedantic` off, `headers` and `no_responders` on. */
export const quietDialogues: readonly Dialogue[] = [
  ['PING with anything after it', 'PING hello|PINGX', 'PONG|PONG'],
  ['PONG and +OK of a client', 'PONG|PONGxx|+OK|+OKx', ''],
  ['INFO of a client', 'INFO {}', ''],
  ['verbs in any case', 'sub a 1|pUb a 1|x|UnSuB 1|pInG', 'MSG a 1 1|x|PONG'],
  ['lines that end with LF only', 'SUB a 1\nPUB a 1\nx|PING\nPING', 'MSG a 1 1|x|PONG|PONG'],
  ['blanks and tabs anywhere', 'SUB \t a \t 1 |PUB\ta \t 1 \t|x', 'MSG a 1 1|x'],
  ['an empty payload', 'SUB a 1|PUB a 0|', 'MSG a 1 0|'],
  ['an empty payload with a reply subject', 'SUB a 1|PUB a r 0|', 'MSG a 1 r 0|'],
  ['a payload that looks like the protocol', 'SUB a 1|PUB a 8||PING|', 'MSG a 1 8||PING|'],
  ['a size with leading zeros', 'SUB a 1|PUB b 0001|x|PUB a 1|y', 'MSG a 1 1|y'],
  ['headers', `SUB a 1|HPUB a 18 20|${HEADER}hi`, `HMSG a 1 18 20|${HEADER}hi`],
  [
    'headers without a payload, with a reply subject',
    `SUB a 1|HPUB a r.e 18 18|${HEADER}`,
    `HMSG a 1 r.e 18 18|${HEADER}`,
  ],
  ['headers of no bytes', 'SUB a 1|HPUB a 0 2|hi', 'MSG a 1 2|hi'],
  ['headers that are none: passed through', 'SUB a 1|HPUB a 4 6|abcdhi', 'HMSG a 1 4 6|abcdhi'],
  [
    'any text as the id of a subscription',
    'SUB a x_y-1|PUB a 1|x|UNSUB x_y-1|PUB a 1|x',
    'MSG a x_y-1 1|x',
  ],
  ['any text as a queue name', 'SUB a q.* 1|PUB a 1|x', 'MSG a 1 1|x'],
  [
    'a queue name that is reserved',
    'SUB a _sys_ 1|PUB a 1|x',
    `-ERR 'Permissions Violation for Subscription to "a" using queue "_sys_"'`,
  ],
  ['the same id twice: the first counts', 'SUB a 1|SUB b 1|PUB a 1|x|PUB b 1|y', 'MSG a 1 1|x'],
  ['an id used again', 'SUB a 1|UNSUB 1|SUB b 1|PUB a 1|x|PUB b 1|y', 'MSG b 1 1|y'],
  ['the same id while it counts', 'SUB a 1|UNSUB 1 1|SUB a 1|PUB a 1|x|PUB a 1|y', 'MSG a 1 1|x'],
  ['UNSUB of nothing', 'UNSUB 77|UNSUB 78 5', ''],
  [
    'UNSUB with a maximum',
    'SUB a 1|UNSUB 1 2|PUB a 1|1|PUB a 1|2|PUB a 1|3',
    'MSG a 1 1|1|MSG a 1 1|2',
  ],
  [
    'UNSUB with a maximum that has passed',
    'SUB a 1|PUB a 1|1|PUB a 1|2|UNSUB 1 1|PUB a 1|3',
    'MSG a 1 1|1|MSG a 1 1|2',
  ],
  [
    'UNSUB with a larger maximum',
    'SUB a 1|UNSUB 1 1|UNSUB 1 2|PUB a 1|1|PUB a 1|2|PUB a 1|3',
    'MSG a 1 1|1|MSG a 1 1|2',
  ],
  ['UNSUB after a maximum', 'SUB a 1|UNSUB 1 3|PUB a 1|1|UNSUB 1|PUB a 1|2', 'MSG a 1 1|1'],
  [
    'UNSUB after the maximum was reached',
    'SUB a 1|UNSUB 1 1|PUB a 1|1|UNSUB 1|PUB a 1|2',
    'MSG a 1 1|1',
  ],
  [
    'UNSUB of a queue member with a maximum',
    'SUB a q 1|UNSUB 1 1|PUB a 1|1|PUB a 1|2',
    'MSG a 1 1|1',
  ],
  ['UNSUB with a maximum of 0', 'SUB a 1|UNSUB 1 0|PUB a 1|x', ''],
  [
    'UNSUB with a maximum that is no number',
    'SUB a 1|UNSUB 1 x|PUB a 1|x|SUB b 2|UNSUB 2 -1|PUB b 1|x',
    '',
  ],
  ['UNSUB with a maximum of 20 digits', 'SUB a 1|UNSUB 1 99999999999999999999|PUB a 1|x', ''],
  [
    'a publish to a wildcard: its own text',
    'SUB a.* 1|PUB a.* 1|x|PUB a.> 1|y',
    'MSG a.* 1 1|x|MSG a.> 1 1|y',
  ],
  [
    'publishes to subjects with empty tokens',
    'SUB > 1|PUB a..b 1|x|PUB .a 1|x|PUB a. 1|x|PUB . 1|x',
    '',
  ],
  [
    'a reply subject that is none',
    'SUB a 1|PUB a r.* 1|x|PUB a r..x 1|y',
    'MSG a 1 r.* 1|x|MSG a 1 r..x 1|y',
  ],
  [
    'wildcards within tokens: text',
    'SUB a*b 1|SUB c>d 2|SUB >e 3|PUB axb 1|x|PUB a*b 1|x|PUB c>d 1|y|PUB >e 1|z',
    'MSG a*b 1 1|x|MSG c>d 2 1|y|MSG >e 3 1|z',
  ],
  [
    'invalid subjects',
    'SUB a..b 1|SUB a.>.b 2|SUB .a 3|SUB a. 4|SUB . 5|SUB >.a 6',
    "-ERR 'Invalid Subject'|".repeat(6).slice(0, -1),
  ],
  [
    'subjects beyond ASCII',
    'SUB gr\xc3\xb6.> 1|PUB gr\xc3\xb6.\xc3\x9f 1|x',
    'MSG gr\xc3\xb6.\xc3\x9f 1 1|x',
  ],
  [
    'subjects of 50 tokens',
    `SUB ${'*.'.repeat(49)}a 1|PUB ${'a.'.repeat(49)}a 1|x`,
    `MSG ${'a.'.repeat(49)}a 1 1|x`,
  ],
  [
    '> hears inboxes and services',
    'SUB > 1|PUB _INBOX.a.b 1|x|PUB $SRV.PING 1|y|PUB $JS.API.INFO 1|z',
    'MSG _INBOX.a.b 1 1|x|MSG $SRV.PING 1 1|y|MSG $JS.API.INFO 1 1|z',
  ],
  ['* hears services', 'SUB *.PING 1|PUB $SRV.PING 1|x', 'MSG $SRV.PING 1 1|x'],
  [
    '_INBOX.> hears no _INBOX',
    'SUB _INBOX.> 1|PUB _INBOX.a.1 1|x|PUB _INBOX 1|y',
    'MSG _INBOX.a.1 1 1|x',
  ],
  ['no responders', 'SUB i.* 1|PUB n i.1 1|x', NO_RESPONDERS],
  [
    'no responders of a message with headers',
    `SUB i.* 1|HPUB n i.1 18 18|${HEADER}`,
    NO_RESPONDERS,
  ],
  [
    'no responders of a wildcard or an invalid subject',
    'SUB i.* 1|PUB n.* i.1 1|x|PUB n..a i.1 1|x',
    `${NO_RESPONDERS}|${NO_RESPONDERS}`,
  ],
  [
    'no responders and a maximum: it does not count',
    'SUB i.* 1|UNSUB 1 1|PUB n i.1 1|x|PUB n i.1 1|x',
    `${NO_RESPONDERS}|${NO_RESPONDERS}`,
  ],
  ['no responders and an inbox in a queue group: silence', 'SUB i.* q 1|PUB n i.1 1|x', ''],
  ['no responders and nobody at the inbox: silence', 'PUB n i.1 1|x', ''],
  [
    'no responders after the last delivery',
    'SUB i.* 1|SUB a 2|UNSUB 2 1|PUB a i.1 1|x|PUB a i.1 1|y',
    `MSG a 2 i.1 1|x|${NO_RESPONDERS}`,
  ],
  ['system subjects that nobody serves', 'SUB i.* 1|PUB $JS.API.INFO i.1 0|', NO_RESPONDERS],
  [
    'a second CONNECT changes what it names',
    'CONNECT {"verbose":true}|SUB a 1|CONNECT {"echo":false}|PUB a 1|x',
    '+OK|+OK|+OK|+OK',
  ],
];

/** Without a CONNECT before them. */
export const bareDialogues: readonly Dialogue[] = [
  ['PING before CONNECT', 'PING', 'PONG'],
  [
    'verbose and pedantic before CONNECT',
    'SUB > 1|PUB a.* 1|x',
    "+OK|-ERR 'Invalid Publish Subject'|+OK|MSG a.* 1 1|x",
  ],
  ['headers before CONNECT', 'HPUB a 12 12|NATS/1.0||', '<end>'],
  ['CONNECT {} is verbose', 'CONNECT {}|SUB a 1', '+OK|+OK'],
  ['CONNECT without a blank', 'CONNECT{}', '+OK'],
  ['CONNECT null', 'CONNECT null', '+OK'],
  ['CONNECT with null fields', 'CONNECT {"verbose":null,"protocol":null}', '+OK'],
  ['CONNECT with unknown fields', 'CONNECT {"foo":[1,{"a":2}],"verbose":false}', ''],
  [
    'CONNECT with credentials that nobody asks for',
    'CONNECT {"user":"u","pass":"p","auth_token":"t","nkey":"U","sig":"s"}',
    '+OK',
  ],
  ['CONNECT with protocol 1', 'CONNECT {"protocol":1}|PING', '+OK|PONG'],
  [
    'CONNECT with another protocol',
    'CONNECT {"protocol":2}',
    "-ERR 'invalid client protocol'|<end>",
  ],
  [
    'CONNECT with a negative protocol',
    'CONNECT {"protocol":-1}',
    "-ERR 'invalid client protocol'|<end>",
  ],
  ['CONNECT with a fraction', 'CONNECT {"protocol":0.5}', '<end>'],
  [
    'CONNECT with no_responders alone',
    'CONNECT {"no_responders":true}',
    "-ERR 'no responders requires headers support'|<end>",
  ],
  ['CONNECT without JSON', 'CONNECT', '<end>'],
  ['CONNECT with broken JSON', 'CONNECT {"verbose":', '<end>'],
  ['CONNECT with JSON and more', 'CONNECT {} x', '<end>'],
  ['CONNECT with a list', 'CONNECT []', '<end>'],
  ['CONNECT with a text', 'CONNECT "x"', '<end>'],
  ['CONNECT with a field of another type', 'CONNECT {"verbose":"yes"}', '<end>'],
  ['CONNECT with a name that is a number', 'CONNECT {"name":5}', '<end>'],
  [
    'headers of a client that did not ask for them',
    'CONNECT {"verbose":false}|HPUB a 12 12|NATS/1.0||',
    '<end>',
  ],
  [
    'verbose: every operation is acknowledged, before what it causes',
    'CONNECT {"verbose":true,"pedantic":false}|SUB a 1|PUB a 1|x|UNSUB 1|UNSUB 9|PING|PONG|SUB b 1|SUB b 1',
    '+OK|+OK|+OK|MSG a 1 1|x|+OK|+OK|PONG|+OK|+OK',
  ],
  [
    'verbose: what is refused is not acknowledged',
    'CONNECT {"verbose":true}|SUB a..b 1',
    "+OK|-ERR 'Invalid Subject'",
  ],
  [
    'verbose: no responders',
    'CONNECT {"verbose":true,"headers":true,"no_responders":true}|SUB i.* 1|PUB n i.1 1|x',
    `+OK|+OK|+OK|${NO_RESPONDERS}`,
  ],
  [
    'pedantic: publishes to what is no subject',
    'CONNECT {"verbose":false,"pedantic":true}|SUB > 1|PUB a..b 1|x|PUB > 1|x|PUB a* 1|x',
    "-ERR 'Invalid Publish Subject'|-ERR 'Invalid Publish Subject'|MSG > 1 1|x|MSG a* 1 1|x",
  ],
  [
    'echo off: nothing of its own, plain or in a queue group',
    'CONNECT {"echo":false,"verbose":false,"pedantic":false}|SUB a 1|SUB a q 2|PUB a 1|x',
    '',
  ],
  [
    'echo off and a request that only it could answer',
    'CONNECT {"echo":false,"verbose":false,"headers":true,"no_responders":true}|SUB a 2|SUB i.* 1|PUB a i.1 1|x',
    NO_RESPONDERS,
  ],
  ['requests without no_responders', 'CONNECT {"verbose":false}|SUB i.* 1|PUB n i.1 1|x', ''],
];

const UNKNOWN = "-ERR 'Unknown Protocol Operation'|<end>";
const TOO_LONG = "-ERR 'maximum control line exceeded'|<end>";
const TOO_LARGE = "-ERR 'Maximum Payload Violation'|<end>";

/** After the same CONNECT as `quietDialogues`; the connection ends, some with a word. */
export const refusals: readonly Dialogue[] = [
  ['an unknown operation, and what follows is not heard', 'NO|SUB a 1|PUB a 1|x', UNKNOWN],
  [
    'an unknown operation after messages',
    'SUB z 1|PUB z 1|x|NO|PUB z 1|y',
    `MSG z 1 1|x|${UNKNOWN}`,
  ],
  ['an HTTP request', 'GET / HTTP/1.1|Host: x|', UNKNOWN],
  ['a TLS greeting', '\x16\x03\x01\x02', UNKNOWN],
  ['an empty line', '|PING', UNKNOWN],
  ['a blank before the verb', ' PING', UNKNOWN],
  ['NUL bytes', '\0\0', UNKNOWN],
  ['bytes over 127', '\xff\xfe', UNKNOWN],
  ['+NO', '+NO', UNKNOWN],
  ['-ERR of a client', "-ERR 'x'", '<end>'],
  ['-ERR without a text', '-ERR', UNKNOWN],
  ['INFO without JSON', 'INFO', '<end>'],
  ['INFO with broken JSON', 'INFO x', '<end>'],
  ['MSG of a client', 'MSG a 1 1|x', UNKNOWN],
  ['HMSG of a client', 'HMSG a 1 1 1|x', UNKNOWN],
  ['operations of routes, leaf nodes and accounts', 'RS+ a b', UNKNOWN],
  ['PUB alone', 'PUB', UNKNOWN],
  ['PUB and a blank', 'PUB ', '<end>'],
  ['PUB without a size', 'PUB a', '<end>'],
  ['PUB with four arguments', 'PUB a b c 1|x', '<end>'],
  ['PUB with a negative size', 'PUB a -1|x', '<end>'],
  ['PUB with a signed size', 'PUB a +1|x', '<end>'],
  ['PUB with a fraction', 'PUB a 1.0|x', '<end>'],
  ['PUB with a size that is no number', 'PUB a x|x', '<end>'],
  ['PUB with a size of 10 digits', 'PUB a 9999999999|x', '<end>'],
  ['PUB with a size of 9 digits', 'PUB a 999999999', TOO_LARGE],
  ['a payload longer than its size', 'PUB a 1|xyz', UNKNOWN],
  ['a payload shorter than its size', 'PUB a 5|xyz|PING', UNKNOWN],
  ['a payload that ends with LF only', 'PUB a 1|x\nPING', UNKNOWN],
  ['HPUB alone', 'HPUB', UNKNOWN],
  ['HPUB without sizes', 'HPUB a', '<end>'],
  ['HPUB with one size', 'HPUB a 10', '<end>'],
  ['HPUB with five arguments', 'HPUB a b c 1 1|x', '<end>'],
  ['HPUB with more header than message', 'HPUB a 20 10|NATS/1.0||', '<end>'],
  ['HPUB with a negative size', 'HPUB a -1 10|NATS/1.0||', '<end>'],
  ['HPUB with sizes that are no numbers', 'HPUB a x y|NATS/1.0||', '<end>'],
  ['HPUB over the maximum', 'HPUB a 10 1048577', TOO_LARGE],
  ['SUB alone', 'SUB', UNKNOWN],
  ['SUB without an id', 'SUB a', '<end>'],
  ['SUB with four arguments', 'SUB a b c d', '<end>'],
  ['UNSUB alone', 'UNSUB', UNKNOWN],
  ['UNSUB with three arguments', 'UNSUB 1 2 3', '<end>'],
  ['a payload of one byte over 1 MiB, before it has come', 'PUB a 1048577', TOO_LARGE],
  ['a PUB of 5,000 bytes', `PUB ${'a'.repeat(5000)} 1|x`, TOO_LONG],
  ['a SUB of 5,000 bytes', `SUB ${'a'.repeat(5000)} 1`, TOO_LONG],
  ['a CONNECT of 5,000 bytes', `CONNECT {"name":"${'a'.repeat(5000)}"}`, TOO_LONG],
];

const VIOLATION = "-ERR 'Authorization Violation'|<end>";

/** To a server that asks for the user `u` with the password `p`. */
export const passwordDialogues: readonly Dialogue[] = [
  ['the right credentials', 'CONNECT {"user":"u","pass":"p"}', '+OK'],
  [
    'the right credentials in lower case',
    'connect {"user":"u","pass":"p","verbose":false}|PING',
    'PONG',
  ],
  [
    'the same again',
    'CONNECT {"user":"u","pass":"p"}|CONNECT {"verbose":true}|SUB a 1',
    '+OK|+OK|+OK',
  ],
  [
    'others later',
    'CONNECT {"user":"u","pass":"p"}|CONNECT {"user":"u","pass":"x"}',
    `+OK|${VIOLATION}`,
  ],
  ['no credentials', 'CONNECT {}', VIOLATION],
  ['another password', 'CONNECT {"user":"u","pass":"x"}', VIOLATION],
  ['another user', 'CONNECT {"user":"x","pass":"p"}', VIOLATION],
  ['no password', 'CONNECT {"user":"u"}', VIOLATION],
  ['a token', 'CONNECT {"auth_token":"u"}', VIOLATION],
  ['PING before CONNECT', 'PING', VIOLATION],
  ['SUB before CONNECT', 'SUB a 1', VIOLATION],
  ['an unknown operation before CONNECT', 'NO', VIOLATION],
  ['a password that is a number', 'CONNECT {"user":"u","pass":5}', '<end>'],
  ['broken JSON', 'CONNECT {', '<end>'],
  ['wrong credentials and a wrong protocol', 'CONNECT {"user":"u","protocol":2}', VIOLATION],
];

/** To a server that asks for the token `t`. */
export const tokenDialogues: readonly Dialogue[] = [
  ['the right token', 'CONNECT {"auth_token":"t"}', '+OK'],
  ['another token', 'CONNECT {"auth_token":"x"}', VIOLATION],
  ['no token', 'CONNECT {}', VIOLATION],
  ['the token as a user', 'CONNECT {"user":"t"}', VIOLATION],
];

const TOO_MANY = "-ERR 'maximum subscriptions exceeded'";

/** To a server with 100 bytes of payload, 256 of control line and 3 subscriptions. */
export const limitDialogues: readonly Dialogue[] = [
  [
    'a payload at the maximum',
    `SUB a 1|PUB a 100|${'x'.repeat(100)}`,
    `MSG a 1 100|${'x'.repeat(100)}`,
  ],
  ['a payload over it', `PUB a 101|${'x'.repeat(101)}`, TOO_LARGE],
  [
    'headers and payload at the maximum',
    `SUB a 1|HPUB a 18 100|${HEADER}${'x'.repeat(82)}`,
    `HMSG a 1 18 100|${HEADER}${'x'.repeat(82)}`,
  ],
  ['headers and payload over it', `HPUB a 18 101|${HEADER}${'x'.repeat(83)}`, TOO_LARGE],
  ['arguments at the maximum', `SUB ${'a'.repeat(254)} 1`, ''],
  ['arguments over it', `SUB ${'a'.repeat(255)} 1`, TOO_LONG],
  ['arguments of PUB over it', `PUB ${'a'.repeat(255)} 1|x`, TOO_LONG],
  ['arguments of HPUB over it', `HPUB ${'a'.repeat(300)} 1 1|x`, TOO_LONG],
  ['arguments of UNSUB over it', `UNSUB ${'a'.repeat(300)}`, TOO_LONG],
  [
    'a subscription too many',
    'SUB a 1|SUB b 2|SUB c 3|SUB d 4|PUB d 1|x|PUB a 1|y',
    `${TOO_MANY}|MSG a 1 1|y`,
  ],
  ['room again after UNSUB', 'SUB a 1|SUB b 2|SUB c 3|UNSUB 1|SUB d 4|SUB e 5', TOO_MANY],
  ['an id twice at the limit', 'SUB a 1|SUB b 2|SUB c 3|SUB c 3', TOO_MANY],
];
