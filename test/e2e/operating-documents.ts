/** One row of the table of metrics in docs/how-to/operate.md. */
export interface DocumentedMetric {
  readonly kind: string;
  readonly labels: readonly string[];
  readonly applications: readonly string[];
}

/** `| perennial_name | kind | labels | applications | what it says |` */
export const documentedMetrics = (markdown: string): Map<string, DocumentedMetric> =>
  new Map(
    [...markdown.matchAll(/^\| `(perennial_\w+)` \|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|$/gm)].map(
      ([, name, kind, labels, applications]) => [
        name!,
        { kind: kind!.trim(), labels: words(labels!), applications: words(applications!) },
      ],
    ),
  );

const words = (cell: string): string[] =>
  cell
    .split(',')
    .map((word) => word.trim().replaceAll('`', ''))
    .filter((word) => word !== '');
