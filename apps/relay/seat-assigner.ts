import { AssignerProtocol, type PartitionAssigner } from 'kafkajs';

const NAME = 'seat';
const VERSION = 1;
const { MemberMetadata, MemberAssignment } = AssignerProtocol;

/**
 * Gives a topic's only partition to the member with the highest claim, of equal ones to the one first by name: a
 * relay that comes or goes does not take the seat from the one that writes.
 */
export const seatAssigner =
  (topic: string, claim: () => number): PartitionAssigner =>
  () => ({
    name: NAME,
    version: VERSION,
    protocol: ({ topics }) => ({
      name: NAME,
      metadata: MemberMetadata.encode({ version: VERSION, topics, userData: Buffer.from(String(claim())) }),
    }),
    assign: async ({ members }) => {
      const holder = holderAmong(
        members.map(({ memberId, memberMetadata }) => ({
          memberId,
          claim: Number(MemberMetadata.decode(memberMetadata)?.userData.toString() || -1),
        })),
      );
      return members.map(({ memberId }) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({
          version: VERSION,
          assignment: memberId === holder ? { [topic]: [0] } : {},
          userData: Buffer.alloc(0),
        }),
      }));
    },
  });

export const holderAmong = (
  members: readonly { readonly memberId: string; readonly claim: number }[],
): string | undefined =>
  [...members].sort((a, b) => b.claim - a.claim || (a.memberId < b.memberId ? -1 : 1))[0]?.memberId;
