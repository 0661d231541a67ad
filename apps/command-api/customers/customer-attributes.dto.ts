import { attributeProblem } from '#crm/customer/attributes';
import { type FieldOptions, field } from '../validation/fields.js';

type Schema = Readonly<Record<string, unknown>>;

const word: Schema = { type: 'string', minLength: 1, maxLength: 60 };
const like = (pattern: string): Schema => ({ type: 'string', pattern });
const whole = (minimum: number, maximum: number): Schema => ({ type: 'integer', minimum, maximum });
const flag: Schema = { type: 'boolean' };

/** The allow-list of the domain, with schema, description and example for whoever reads the documentation. */
const attributes: Readonly<Record<string, readonly [Schema, string, unknown]>> = {
  segment: [word, 'Segment of customers.', 'families'],
  subsegment: [word, 'Segment within the segment.', 'young families'],
  loyaltyTier: [word, 'Level in the loyalty programme.', 'gold'],
  language: [like('^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'), 'Language tag.', 'de-CH'],
  country: [like('^[A-Z]{2}$'), 'Country, ISO 3166.', 'DE'],
  region: [word, 'State or region.', 'Bavaria'],
  postalArea: [like('^[A-Z0-9]{1,4}$'), 'First 1 to 4 characters of the postal code.', '80'],
  urbanity: [word, 'Town or country.', 'urban'],
  timeZone: [like('^[A-Za-z_]+(/[A-Za-z_+-]+){0,2}$'), 'IANA time zone.', 'Europe/Berlin'],
  birthYear: [whole(1850, 2100), 'Year of birth; the date would say too much.', 1981],
  ageBand: [word, 'Band of age.', '40-49'],
  gender: [word, 'Gender.', 'female'],
  householdSize: [whole(1, 100), 'Persons in the household.', 3],
  incomeBand: [word, 'Band of income.', 'middle'],
  occupation: [word, 'Kind of occupation.', 'self-employed'],
  industry: [word, 'Industry of a company.', 'retail'],
  companySize: [word, 'Size of a company.', '10-49'],
  foundedYear: [whole(1000, 2100), 'Year in which a company was founded.', 1998],
  preferredChannel: [word, 'Channel the customer likes best.', 'email'],
  contractType: [word, 'Kind of contract.', 'monthly'],
  creditBand: [word, 'Band of credit.', 'A'],
  newCustomer: [flag, 'New in the last twelve months.', false],
  emailConsent: [flag, 'Agreed to advertising by e-mail.', true],
  phoneConsent: [flag, 'Agreed to advertising by telephone.', false],
  postConsent: [flag, 'Agreed to advertising by post.', true],
  acquisitionCost: [
    like('^(0|[1-9]\\d{0,13})(\\.\\d{1,4})?$'),
    'What winning the customer cost, as decimal text.',
    '18.50',
  ],
  acquisitionCurrency: [like('^[A-Z]{3}$'), 'Currency of acquisitionCost, ISO 4217.', 'EUR'],
};

/** What analyses may see in the clear, because it names nobody by itself. */
export class CustomerAttributes {}

/** Key by key: what is left out stays, null takes away. */
export class CustomerAttributeChanges {}

const decorate = (target: object, more: Partial<FieldOptions>): void => {
  for (const [key, [schema, description, example]] of Object.entries(attributes))
    field('attribute', (value) => attributeProblem(key, value), schema, {
      optional: true,
      description,
      example,
      ...more,
    })(target, key);
};

decorate(CustomerAttributes.prototype, {});
decorate(CustomerAttributeChanges.prototype, { nullable: true });
