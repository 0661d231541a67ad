import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import type { ClusterInfo } from '@eventstore/db-client/generated/gossip_pb.js';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import type { SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import type { Empty } from '@eventstore/db-client/generated/shared_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { type handleUnaryCall, type Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import type { Answer } from './answers.js';
import { Cluster } from './cluster.js';
import { Connections } from './connections.js';
import { Faults } from './faults.js';
import { AccessDenied, NotLeader } from './messages.js';
import { Reads } from './reads.js';
import { StreamsCalls } from './streams-calls.js';

export interface DoubleOptions {
  /** Asks every caller for a name and its password; needs TLS, without which the client sends none. */
  readonly users?: ReadonlyMap<string, string>;
  /** In PEM. */
  readonly tls?: { readonly certificate: Buffer; readonly key: Buffer };
  /** The ports of all members of its cluster, which share one file. */
  readonly cluster?: readonly number[];
}

/**
 * A server that the real EventStoreDB client talks to over gRPC: the semantics of the embedded store behind the
 * service definitions that the client ships. It does what the product asks for and no more. What it has acknowledged
 * is in its file; killed, it goes on there.
 */
export class EventStoreDbDouble {
  readonly faults = new Faults();
  private readonly store: SqliteEventStore;
  private readonly calls: StreamsCalls;
  private readonly server = new Server();
  private readonly connections: Connections;
  private cluster: Cluster | undefined;

  constructor(
    private readonly file: string,
    private readonly options: DoubleOptions = {},
  ) {
    this.store = new SqliteEventStore(file);
    this.calls = new StreamsCalls(this.store, new Reads(this.store, this.faults), this.faults, {
      admit: this.admit,
      dropConnections: () => this.dropConnections(),
    });
    this.server.addService(SERVICE, this.calls.handlers);
    this.server.addService(ServerFeaturesService, { getSupportedMethods });
    this.server.addService(GossipService, { read: this.gossip });
    const { tls } = options;
    const injector = this.server.createConnectionInjector(
      tls
        ? ServerCredentials.createSsl(null, [{ private_key: tls.key, cert_chain: tls.certificate }])
        : ServerCredentials.createInsecure(),
    );
    this.connections = new Connections((socket) => injector.injectConnection(socket));
  }

  /** @returns the connection string, without credentials and certificate */
  async listen(port = 0): Promise<string> {
    const own = await this.connections.listen(port);
    if (this.options.cluster) this.cluster = new Cluster(this.file, this.options.cluster, own);
    return `esdb://127.0.0.1:${own}?tls=${this.options.tls !== undefined}`;
  }

  /** Events handed to the connections so far. */
  get sent(): number {
    return this.calls.sent;
  }

  dropConnections(): void {
    this.connections.drop();
  }

  /** From now on this one leads its cluster. */
  takeLead(): void {
    this.cluster?.takeLead();
  }

  async close(): Promise<void> {
    this.faults.speak();
    await this.connections.close();
    this.server.forceShutdown();
    await this.store.close();
  }

  /** Throws when the caller may not have an answer from here. */
  private readonly admit = (metadata: Metadata): void => {
    const { users } = this.options;
    if (users && !isKnown(users, String(metadata.get('authorization')[0] ?? ''))) throw new AccessDenied();
    const { cluster } = this;
    if (cluster && !cluster.leads && metadata.get('requires-leader')[0] === 'true')
      throw new NotLeader(cluster.leaderEndpoint);
  };

  private readonly gossip: handleUnaryCall<Empty, ClusterInfo> = async (_call, answer) => {
    await this.faults.silenceOver();
    if (this.cluster) answer(null, this.cluster.members());
    else answer(new Error('not in a cluster'));
  };
}

const isKnown = (users: ReadonlyMap<string, string>, authorization: string): boolean => {
  const [scheme, encoded = ''] = authorization.split(' ');
  const [name = '', ...password] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return scheme === 'Basic' && users.has(name) && users.get(name) === password.join(':');
};

/** Reads answer in bytes already. */
const SERVICE = {
  ...StreamsService,
  read: { ...StreamsService.read, responseSerialize: ({ bytes }: Answer) => bytes },
};

const METHODS = ['read', 'append', 'batchappend', 'tombstone'];

const getSupportedMethods: handleUnaryCall<Empty, SupportedMethods> = (_call, answer) => {
  const methods = METHODS.map((name) =>
    new features.SupportedMethod().setServiceName('event_store.client.streams.streams').setMethodName(name),
  );
  answer(
    null,
    new features.SupportedMethods().setEventStoreServerVersion('23.10.0.0').setMethodsList(methods),
  );
};
