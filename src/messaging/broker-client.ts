/** What the embedded broker knows of a client, whether it is on a socket or in this process. */
import type { PublishedMessage } from './broker-parser.ts';
import type { Indexed } from './subject-index.ts';

/** What CONNECT said; the protocol's defaults before it. */
export interface ClientOptions {
  verbose: boolean;
  pedantic: boolean;
  echo: boolean;
  headers: boolean;
  noResponders: boolean;
  /** True when the client reads an INFO that comes later (`protocol` 1). */
  hearsInfo: boolean;
}

export interface BrokerClient {
  readonly options: Readonly<ClientOptions>;
  /** By the client's own id of them. */
  readonly subscriptions: Map<string, BrokerSubscription>;
  readonly isClosed: boolean;
  /** True when so much waits for it that publishers should slow down. */
  readonly isCongested: boolean;
  /** Takes a message for one of its subscriptions; `message` is valid during the call only. */
  deliver(sid: string, message: PublishedMessage): void;
  slowDown(): void;
  /** Sends what is written and ends. */
  end(): void;
  /** Ends at once. */
  destroy(): void;
}

/** One SUB of one client. */
export class BrokerSubscription implements Indexed {
  readonly client: BrokerClient;
  readonly subject: string;
  readonly queue: string;
  readonly sid: string;
  /** Delivered so far. */
  delivered = 0;
  /** Removed after this many deliveries; 0 means never. */
  max = 0;

  constructor(client: BrokerClient, request: { subject: string; queue: string; sid: string }) {
    this.client = client;
    this.subject = request.subject;
    this.queue = request.queue;
    this.sid = request.sid;
  }
}
