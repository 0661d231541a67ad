/** What a reader must know before any single route. */
export const introduction = `
Operational applications send **commands** here, one by one to resources or many at once as lines to
\`POST /v1/commands\`. Each accepted command becomes an event that is kept for good and shows in the reports.

**Sending again is safe.** An \`Idempotency-Key\` is the id of the command: with the same key it takes effect once.
The same purchase, interaction, complaint, customer or campaign id with the same content is a repetition whatever the
key (\`200\`, \`repeated\`), with other content a conflict (\`409\`). What is new is \`201\`, \`accepted\`. Ids that are
left out are made by the server: the same key makes the same id.

**Time.** \`occurredAt\` is an instant with offset, or a bare date, which is never shifted. Where it is optional it
means now; give it all the same for facts that are recorded later than they happened.

**Money** is a decimal text with an ISO 4217 currency: \`{"amount":"12.34","currency":"EUR"}\`. A number would be
rounded somewhere and is refused.

**Personal data** (names, addresses, free text) is encrypted before it is kept, and unreadable for ever once the
customer is erased. Ids, codes and reasons stay in the clear: never write anything about a person into them.

**Errors** are RFC 9457 problem details with a stable \`code\`. For wrong content (\`422\`) every wrong field is named
with its path and reason. Fields that are not known are refused.

**Keys.** A server with API keys asks for one of them; a server without any listens on loopback only.
`.trim();

export const tags: Readonly<Record<string, string>> = {
  customers: 'Who they are, and what becomes of them.',
  interactions: 'Contacts between customers or visitors and the company.',
  purchases: 'What is bought, and what comes back.',
  complaints: 'From opening to closing.',
  'service failures': 'What went wrong, whether or not anyone complains.',
  campaigns: 'Plans, members, touches and responses.',
  commands: 'Many commands at once.',
  reports: 'What the models and campaigns say, page by page.',
  models: 'Customer lifetime value and churn risk.',
  sql: "Read-only SQL, as on ClickHouse's own interface.",
  admin: 'Projections, verification, dead letters.',
  health: 'For whoever watches the process.',
};
