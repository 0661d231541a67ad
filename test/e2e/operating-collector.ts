import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** One step of a trace, as a collector gets it. */
export interface Span {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { key: string; value: { stringValue?: string } }[] };
    readonly scopeSpans: readonly { readonly spans: readonly Omit<Span, 'service'>[] }[];
  }[];
}

/** What takes traces by OTLP over HTTP, as JSON. */
export class Collector {
  readonly spans: Span[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Collector> {
    const server = createServer(async (request, response) => {
      collector.take((await json(request)) as Export);
      response.setHeader('content-type', 'application/json').end('{}');
    });
    const collector = new Collector(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** From the request on: each one's parent is the one before. Undefined until it is complete. */
  chain(traceId: string, names: readonly string[]): Span[] | undefined {
    const spans = this.spans.filter((span) => span.traceId === traceId);
    const chain: Span[] = [];
    for (const name of names) {
      const next = spans.find(
        (span) => span.name === name && (chain.length === 0 || span.parentSpanId === chain.at(-1)?.spanId),
      );
      if (!next) return undefined;
      chain.push(next);
    }
    return chain;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take({ resourceSpans }: Export): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      const name = resource.attributes.find(({ key }) => key === 'service.name');
      for (const { spans } of scopeSpans)
        this.spans.push(...spans.map((span) => ({ ...span, service: name?.value.stringValue ?? '' })));
    }
  }
}
