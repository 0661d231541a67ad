import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';

const HOST = '127.0.0.1';

/**
 * Several doubles on one file of events. Who leads stands in a file beside it, so that they may be processes of their
 * own, and changes when a test says so: nobody is elected.
 */
export class Cluster {
  private readonly leaderFile: string;

  constructor(
    eventsFile: string,
    readonly ports: readonly number[],
    private readonly own: number,
  ) {
    this.leaderFile = `${eventsFile}.leader`;
  }

  /** The first of the ports until somebody else takes the lead. */
  get leader(): number {
    try {
      return Number(readFileSync(this.leaderFile, 'utf8'));
    } catch {
      return this.ports[0] as number;
    }
  }

  get leads(): boolean {
    return this.leader === this.own;
  }

  takeLead(): void {
    writeFileSync(`${this.leaderFile}.${this.own}`, String(this.own));
    renameSync(`${this.leaderFile}.${this.own}`, this.leaderFile);
  }

  /** Where a client is sent that asked for the leader. */
  get leaderEndpoint(): { readonly host: string; readonly port: number } {
    return { host: HOST, port: this.leader };
  }

  members(): gossip.ClusterInfo {
    const { leader } = this;
    const { LEADER, FOLLOWER } = gossip.MemberInfo.VNodeState;
    return new gossip.ClusterInfo().setMembersList(
      this.ports.map((port) =>
        new gossip.MemberInfo()
          .setInstanceId(
            new shared.UUID().setString(`00000000-0000-4000-8000-${String(port).padStart(12, '0')}`),
          )
          .setTimeStamp(String(Date.now() * 10_000))
          .setState(port === leader ? LEADER : FOLLOWER)
          .setIsAlive(true)
          .setHttpEndPoint(new gossip.EndPoint().setAddress(HOST).setPort(port)),
      ),
    );
  }
}
