import type { FastifyInstance } from 'fastify';

/** The methods that a path takes, for the answer 405; empty when there is no such path. */
export type AllowedMethods = (path: string) => string[];

/** Watches which routes are made; to be called before any is. */
export const allowedMethods = (fastify: FastifyInstance): AllowedMethods => {
  const routes: { pattern: RegExp; methods: string[] }[] = [];
  fastify.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(`^${url.split('/').map(segment).join('/')}/?$`);
    routes.push({ pattern, methods: Array.isArray(method) ? method : [method] });
  });
  return (path) => [
    ...new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods)),
  ];
};

const segment = (text: string): string => {
  if (text.startsWith(':')) return '[^/]+';
  if (text === '*') return '.*';
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
};
