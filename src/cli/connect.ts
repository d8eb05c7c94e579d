/**
 * How a command finds its orchestrator: `TROUPE_NATS_URL`; else the process that owns the data directory
 * (`up.json`); else the command is one itself for as long as it runs.
 */
import type { Client } from '../client/client.ts';
import { isRefusal } from '../messaging/errors.ts';
import { withoutCredentials } from '../messaging/server-url.ts';
import { NoOrchestratorError } from './errors.ts';
import { onceUnlocked } from './once-unlocked.ts';
import type { Session } from './session.ts';
import { type Settings, serverAt } from './settings.ts';
import { readUpFile, type UpFile } from './up-file.ts';

/** How long a running orchestrator may take to say hello. */
const HELLO_MS = 1_500;

export interface Connection {
  client: Client;
  url: string;
  /** Of the orchestrator; undefined: it is somebody on the server of `TROUPE_NATS_URL`. */
  owner: UpFile['kind'] | undefined;
  /** True when this process is the orchestrator. */
  isOwn: boolean;
  /** Of the log that answers. */
  logId: string;
  /** False while the server is away; the connection goes on trying. */
  isConnected(): boolean;
  close(): Promise<void>;
}

/**
 * The orchestrator that runs already; undefined where none answers.
 * Throws `bus.connect-failed` when the server of `TROUPE_NATS_URL` is not there.
 */
export async function findOrchestrator({
  settings,
  logger,
}: Session): Promise<Connection | undefined> {
  if (settings.natsUrl !== undefined)
    return greet({ settings, url: settings.natsUrl, prefix: settings.prefix });
  const up = readUpFile(settings.dataDir);
  if (up === undefined) return undefined;
  try {
    const found = await greet({ settings, url: up.nats, prefix: up.prefix, up });
    if (found === undefined) logger.debug('up.json is stale', { nats: up.nats, pid: up.pid });
    return found;
  } catch (error) {
    // up.json holds no credentials; who has none is told so, not that nobody is there
    if (isRefusal((error as Error).cause)) throw error;
    logger.debug('up.json is stale', { nats: up.nats, pid: up.pid, error });
    return undefined;
  }
}

async function greet(target: {
  settings: Settings;
  url: string;
  prefix: string;
  up?: UpFile;
}): Promise<Connection | undefined> {
  const { url, prefix, up } = target;
  const [{ createClient }, { connectBus }] = await loadClient();
  const bus = await connectBus({
    ...serverAt(url, target.settings),
    name: 'troupe-cli',
    ...(up && { connectTimeoutMs: HELLO_MS }),
  });
  const client = createClient({ bus, prefix });
  const close = (): Promise<void> => bus.close();
  try {
    const hello = await client.hello({ deadlineMs: HELLO_MS });
    if (up !== undefined && hello.logId !== up.logId) {
      await close();
      return undefined;
    }
    return {
      client,
      url,
      owner: up?.kind,
      isOwn: false,
      logId: hello.logId,
      isConnected: () => bus.isConnected,
      close,
    };
  } catch (error) {
    await close();
    const { code } = error as { code?: unknown };
    if (code === 'bus.no-responders' || code === 'bus.timeout') return undefined;
    throw error;
  }
}

/** Loaded only when somebody is there to talk to: a command that reads the log itself does without. */
function loadClient() {
  return Promise.all([import('../client/client.ts'), import('../messaging/nats-bus.ts')]);
}

/**
 * An orchestrator in this process, with a broker on a free port unless a server is named. Says so on stderr
 * when it is on a server that others use.
 */
export async function becomeOrchestrator(
  session: Session,
  options: { kind: UpFile['kind']; worker: boolean; tell(line: string): void },
): Promise<Connection> {
  const { settings, logger } = session;
  const [{ startStack }, [{ createClient }]] = await Promise.all([
    import('./compose.ts'),
    loadClient(),
  ]);
  if (settings.natsUrl !== undefined) {
    options.tell(
      `no orchestrator answers on ${withoutCredentials(settings.natsUrl)}: this process is the orchestrator while it runs`,
    );
  }
  const stack = await startStack({
    settings,
    logger,
    kind: options.kind,
    worker: options.worker,
    port: 0,
  });
  const client = createClient({ bus: stack.bus, prefix: settings.prefix });
  return {
    client,
    url: stack.url,
    owner: undefined,
    isOwn: true,
    logId: stack.log.logId,
    isConnected: () => stack.bus.isConnected,
    close: () => stack.close(),
  };
}

/**
 * The running orchestrator, or one in this process: for commands about a run that is there already. Throws
 * `log.not-found` where it cannot be, `orchestrator.unreachable` where only a server is named.
 */
export async function orchestratorOfRuns(
  session: Session,
  options: { kind: UpFile['kind']; worker: boolean; tell(line: string): void },
): Promise<Connection> {
  return onceUnlocked(() => foundOrOwn(session, options));
}

async function foundOrOwn(
  session: Session,
  options: Parameters<typeof orchestratorOfRuns>[1],
): Promise<Connection> {
  const { settings } = session;
  const found = await findOrchestrator(session);
  if (found !== undefined) return found;
  const { hasLog, requireLog } = await import('./open-log.ts');
  if (settings.natsUrl !== undefined && !hasLog(settings.dataDir))
    throw new NoOrchestratorError(withoutCredentials(settings.natsUrl));
  requireLog(settings);
  return becomeOrchestrator(session, options);
}
