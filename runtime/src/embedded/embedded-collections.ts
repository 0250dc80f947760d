import type { CollectionRequests, CollectionView, StoredCollection } from '@drover/engine';
import type { CollectionQuery } from '@drover/model';
import type { Parts } from '../composition/parts.js';
import { existing } from './not-found.js';

export class EmbeddedCollections implements CollectionRequests {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async create({ name, query }: { name: string; query?: CollectionQuery }): Promise<CollectionView> {
    const collections = await this.#parts.collections();
    const made = await collections.create(
      query === undefined ? { name, kind: 'fixed' } : { name, kind: 'query', query },
    );
    return { ...made, objects: await collections.count(made.id) };
  }

  async list(): Promise<CollectionView[]> {
    return (await this.#parts.collections()).list();
  }

  async show(ref: string): ReturnType<CollectionRequests['show']> {
    const collections = await this.#parts.collections();
    const found = await findCollection(this.#parts, ref);
    const byType = await collections.countByType(found.id);
    return { ...found, objects: byType.reduce((sum, { objects }) => sum + objects, 0), byType };
  }

  async remove(ref: string): Promise<void> {
    const collections = await this.#parts.collections();
    await collections.remove((await findCollection(this.#parts, ref)).id);
  }
}

/** A collection by id or name. */
export async function findCollection(parts: Parts, ref: string): Promise<StoredCollection> {
  const collections = await parts.collections();
  return existing(await collections.find(ref), { noun: 'collection', ref });
}
