import { murmurHash } from '#crm/campaign/murmur-hash';
import { type Random, randomFrom } from '#statistics/random';

/** Draws for one part of the simulation: every part has numbers of its own, so that a change to one moves no other. */
export class Chance {
  private constructor(readonly random: Random) {}

  /** The same names give the same draws. */
  static of(...names: readonly (string | number)[]): Chance {
    return new Chance(randomFrom(murmurHash(names.join('\n'))));
  }

  happens(probability: number): boolean {
    return this.random.uniform() < probability;
  }

  between(least: number, most: number): number {
    return least + (most - least) * this.random.uniform();
  }

  /** A whole number, both ends included. */
  whole(least: number, most: number): number {
    return least + Math.floor((most - least + 1) * this.random.uniform());
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(from.length * this.random.uniform())] as T;
  }

  /** One of the names, as often as their weights say. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const entries = Object.entries<number>(weights) as [Name, number][];
    let left = this.random.uniform() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) {
      left -= weight;
      if (left < 0) return name;
    }
    return (entries.at(-1) as [Name, number])[0];
  }
}
