import type { FastifyInstance } from 'fastify';

/** What a server answers, for those who ask it for something else. */
export interface Routes {
  /** The methods that a path takes; empty when there is no such path. */
  methods(path: string): string[];
  readonly paths: readonly string[];
}

/** Watches which routes are made; to be called before any is. */
export const watchRoutes = (fastify: FastifyInstance): Routes => {
  const routes: { pattern: RegExp; methods: string[] }[] = [];
  const paths: string[] = [];
  fastify.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(`^${url.split('/').map(segment).join('/')}/?$`);
    routes.push({ pattern, methods: Array.isArray(method) ? method : [method] });
    paths.push(url);
  });
  return {
    methods: (path) => [
      ...new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods)),
    ],
    paths,
  };
};

const segment = (text: string): string => {
  if (text.startsWith(':')) return '[^/]+';
  if (text === '*') return '.*';
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
};
