import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getMetadataStorage } from 'class-validator';
import type { CrmCommand } from '#crm/catalogue';
import { commandTypes } from '#crm/catalogue';
import { attributeKeys } from '#crm/customer/attributes';
import type { FieldProblem } from '#eventing/errors';
import { type CommandSide, openCommandSide } from '#test/support/command-side';
import { type CommandBody, type CommandName, commandDtos } from './command-dtos.js';
import { commandExamples } from './command-examples.js';
import { CustomerAttributes } from './customers/customer-attributes.dto.js';
import { checkerOf } from './validation/checker.js';
import type { DtoClass } from './validation/nested-type.js';

// ---- agreement with the domain, checked by the compiler

type DataOf<Name> = Extract<CrmCommand, { readonly type: Name }>['data'];
type FilledByServer = 'campaign' | 'survivor';
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type Disagreeing = {
  [Name in CommandName]: Same<
    Exclude<keyof CommandBody<Name>, 'occurredAt'>,
    Exclude<keyof DataOf<Name>, FilledByServer>
  > extends true
    ? never
    : Name;
}[CommandName];
/** Does not compile when a class has other fields than the data of its command. */
const allAgree: [Disagreeing] extends [never] ? true : Disagreeing = true;

const external = commandTypes.filter(({ internal }) => !internal);

const fieldsOf = (dto: DtoClass): Map<string, { optional: boolean }> => {
  const fields = new Map<string, { optional: boolean }>();
  for (const { propertyName, type } of getMetadataStorage().getTargetValidationMetadatas(
    dto,
    '',
    false,
    false,
  )) {
    const known = fields.get(propertyName)?.optional ?? false;
    fields.set(propertyName, { optional: known || type === 'conditionalValidation' });
  }
  return fields;
};

const problemsOf = (name: string, body: unknown): FieldProblem[] => {
  const problems: FieldProblem[] = [];
  checkerOf(commandDtos[name]!.type)(body, '', problems);
  return problems;
};

describe('the bodies of commands', () => {
  it('are there for every command from outside, and for no other', () => {
    expect(allAgree).toBe(true);
    expect(Object.keys(commandDtos).sort()).toEqual(external.map(({ type }) => type).sort());
    expect(Object.keys(commandExamples).sort()).toEqual(Object.keys(commandDtos).sort());
  });

  describe.each(external)('$type', ({ type, idField, filledByServer = [] }) => {
    const dto = commandDtos[type]!.type;
    const fields = fieldsOf(dto);
    const example = commandExamples[type as CommandName];

    it('leaves it to the server to make an id, and to fill in what only it knows', () => {
      if (idField) expect(fields.get(idField)).toEqual({ optional: true });
      for (const field of filledByServer) expect(fields.has(field)).toBe(false);
      expect(fields.has('occurredAt')).toBe(true);
    });
    it('accepts its example', () => {
      expect(problemsOf(type, structuredClone(example))).toEqual([]);
    });
    it('misses each field that is needed', () => {
      for (const [field, { optional }] of fields) {
        const { [field]: _gone, ...rest } = structuredClone(example);
        expect(problemsOf(type, rest)).toEqual(optional ? [] : [{ path: field, reason: 'is missing' }]);
      }
    });
    it('refuses each field with a value of a wrong kind', () => {
      for (const field of fields.keys()) {
        const problems = problemsOf(type, { ...structuredClone(example), [field]: Symbol.iterator });
        expect(problems.map(({ path }) => path)).toEqual([field]);
      }
    });
    it('refuses a field that it does not know', () => {
      const problems = problemsOf(type, { ...structuredClone(example), colour: 'red' });
      expect(problems).toEqual([{ path: 'colour', reason: 'is not a known field' }]);
    });
  });

  it('name the attributes that the domain allows', () => {
    expect([...fieldsOf(CustomerAttributes).keys()].sort()).toEqual([...attributeKeys].sort());
  });
  it('need the time of what happens once, because it is part of its content', () => {
    const needed = external.filter(
      ({ type }) => !fieldsOf(commandDtos[type]!.type).get('occurredAt')!.optional,
    );
    expect(needed.map(({ type }) => type).sort()).toEqual(
      ['OpenComplaint', 'RecordInteraction', 'RecordPurchase', 'RecordReturn', 'RecordServiceFailure'].sort(),
    );
  });
  it('take null for taking away only what can be taken away', () => {
    const change = { customerId: 'c', name: null, stage: null, kind: null, email: null, address: null };
    expect(problemsOf('ChangeCustomerDetails', change)).toEqual(
      ['stage', 'kind', 'name'].map((path) => ({ path, reason: 'cannot be taken away' })),
    );
  });
  it('bring quantities into one form', () => {
    const { normalise } = commandDtos.RecordPurchase!;
    const body = {
      lines: [
        { sku: 'a', quantity: 0.75 },
        { sku: 'b', quantity: '2.0' },
      ],
    };
    expect(normalise!(body as never)).toEqual({
      lines: [
        { sku: 'a', quantity: '0.75' },
        { sku: 'b', quantity: '2.0' },
      ],
    });
    expect(body.lines[0]!.quantity).toBe(0.75);
  });
  it.each([0, -1, 1e-7, 1e12, Number.NaN, '1e3', '', true])('refuse the quantity %p', (quantity) => {
    const body = { ...structuredClone(commandExamples.RecordPurchase), lines: [{ sku: 'a', quantity }] };
    expect(problemsOf('RecordPurchase', body).map(({ path }) => path)).toEqual(['lines[0].quantity']);
  });
  it.each([
    [{ amount: 12.34, currency: 'EUR' }, 'total.amount'],
    [{ amount: '-1', currency: 'EUR' }, 'total.amount'],
    [{ amount: '1e3', currency: 'EUR' }, 'total.amount'],
    [{ amount: '1', currency: 'eur' }, 'total.currency'],
    [{ amount: '1', currency: 'XXQ' }, 'total.currency'],
    [{ amount: '1' }, 'total.currency'],
    ['12.34 EUR', 'total'],
  ])('refuse the amount %j', (total, path) => {
    const body = { orderId: 'o', occurredAt: '2024-01-01', total };
    expect(problemsOf('RecordPurchase', body).map((problem) => problem.path)).toEqual([path]);
  });
});

describe('the examples of commands', () => {
  let side: CommandSide;
  beforeAll(async () => {
    side = await openCommandSide();
  });
  afterAll(() => side.close());

  const run = (type: string, body: object) => {
    const sender = { commandId: `${type} ${JSON.stringify(body)}`, actor: 'test', correlationId: 'test' };
    return side.pipeline.run(side.pipeline.prepare(type, structuredClone(body), sender));
  };

  it('are accepted by the domain, in a sensible order', async () => {
    const { RegisterCustomer, PlanCampaign, AssignMember, CloseCustomer, EraseCustomer, ...rest } =
      commandExamples;
    const { LaunchCampaign, ...others } = rest;
    const script: (readonly [string, object])[] = [
      ['RegisterCustomer', RegisterCustomer],
      ['RegisterCustomer', { customerId: 'c-1002', name: 'A. Winter' }],
      ['PlanCampaign', PlanCampaign],
      ['LaunchCampaign', LaunchCampaign],
      ['PlanCampaign', { ...PlanCampaign, campaignId: AssignMember.campaignId, imported: true }],
      ['LaunchCampaign', { campaignId: AssignMember.campaignId, occurredAt: '2023-09-01' }],
      ['AssignMember', AssignMember],
      ...Object.entries(others),
      ['CloseCustomer', CloseCustomer],
      ['EraseCustomer', EraseCustomer],
    ];
    for (const [type, body] of script) {
      const outcome = await run(type, body).catch((error: unknown) => error);
      expect({ type, outcome }).toMatchObject({ type, outcome: { status: 'accepted' } });
    }
    expect(new Set(script.map(([type]) => type))).toEqual(new Set(Object.keys(commandDtos)));
  });
  it('are events without anything personal in the clear', async () => {
    const clear = ['Ada', 'Winter', 'example.com', '123456', 'Linden', 'Berg', 'handle', 'Canada'];
    for await (const event of side.eventStore.readAll()) {
      // A cipher text is random: three letters stand in one now and then.
      const text = JSON.stringify(event.data).replace(/sealed\.1\.[\w.-]+/g, '');
      expect({ type: event.type, found: clear.filter((word) => text.includes(word)) }).toEqual({
        type: event.type,
        found: [],
      });
    }
  });
});
